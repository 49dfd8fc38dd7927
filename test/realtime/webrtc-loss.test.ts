// WebRTC over a bad network: lost and late datagrams both ways, for the publisher and for the viewer.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type LossyUdp, startLossyUdp } from '../support/lossy-udp.ts';
import { type SdkPages, serveSdk } from '../support/sdk-page.ts';
import { until } from '../support/until.ts';
import { startWhipProxy, type WhipProxy } from '../support/whip-proxy.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const BAD = { loss: 0.03, jitterMs: 50 };
const WATCH_MS = 10_000;

let browser: Browser;
let media: LocalMediaServer;
let sdk: SdkPages;
let network: LossyUdp;
let good: WhipProxy;
let bad: WhipProxy;

beforeAll(async () => {
  media = await LocalMediaServer.start();
  sdk = await serveSdk();
  browser = await launchChromium(CAMERA_FLAGS);
  network = await startLossyUdp(media.ports.rtc, BAD);
  good = await startWhipProxy(media.ports.http);
  bad = await startWhipProxy(media.ports.http);
  bad.mediaPort = network.port;
});

afterAll(async () => {
  await browser?.close();
  for (const proxy of [good, bad]) proxy?.[Symbol.dispose]();
  await network?.[Symbol.asyncDispose]();
  sdk?.[Symbol.dispose]();
  await media?.stop();
});

async function sdkPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.evaluate(`import('@kaibo/client').then((sdk) => void (window.sdk = sdk))`);
  return page;
}

async function publish(name: string, via: WhipProxy): Promise<Page> {
  const page = await sdkPage();
  const whip = `${via.url}/rtc/v1/whip/?app=live&stream=${name}`;
  await page.evaluate(`(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true });
    window.publisher = new sdk.LivePublisher({ urls: { rtmp: '', whip: '${whip}' }, stream, transports: ['whip'] });
    await publisher.start();
  })()`);
  return page;
}

async function play(name: string, via: WhipProxy): Promise<Page> {
  const page = await sdkPage();
  await page.evaluate(`(async () => {
    window.video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.append(video);
    window.ends = [];
    window.player = new sdk.WhepPlayer({
      url: '${via.url}/rtc/v1/whep/?app=live&stream=${name}',
      onTrack: (stream) => (video.srcObject = stream),
      onEnd: (error) => ends.push(error?.code ?? null),
    });
    await player.play();
  })()`);
  return page;
}

/** Pictures shown and freezes in 10 s, from the first fifty pictures on. */
async function watch({ viewer, publisher }: { viewer: Page; publisher: Page }, what: string): Promise<number> {
  const look = (): Promise<{ frames: number; freezes: number; delayMs: number | null }> =>
    viewer.evaluate(`player.stats().then((stats) => ({
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      freezes: stats.freezes,
      delayMs: stats.delayMs,
    }))`);
  await publisher.evaluate('publisher.stats()');
  await until(async () => (await look()).frames > 50, { timeoutMs: 30_000, what: 'pictures' });
  const before = await look();
  const startedMs = performance.now();
  await until(() => performance.now() - startedMs > WATCH_MS, { timeoutMs: 60_000, what: 'watching' });
  const after = await look();
  const frames = after.frames - before.frames;
  const { passed, lost } = network.counts;
  const sent = await publisher.evaluate<{ fps: number; bitrateBps: number }>('publisher.stats()');
  process.stdout.write(
    `webrtc-loss: ${what}: ${frames} pictures and ${after.freezes - before.freezes} freezes in ${WATCH_MS / 1000} s, ` +
      `jitter buffer ${Math.round(after.delayMs ?? 0)} ms, ${lost} of ${passed + lost} datagrams lost; ` +
      `at its end the publisher sends ${sent.fps} pictures a second, ${Math.round(sent.bitrateBps / 1000)} kbit/s\n`,
  );
  expect(await viewer.evaluate('ends')).toEqual([]);
  return frames;
}

test('a viewer with 3 % loss and 50 ms of jitter goes on watching', async () => {
  const publisher = await publish('to-viewer', good);
  const viewer = await play('to-viewer', bad);
  // The fake camera has 20 pictures a second.
  expect(await watch({ viewer, publisher }, 'viewer')).toBeGreaterThan((WATCH_MS / 1000) * 8);
  expect(await viewer.evaluate('player.stats().then(({ lossRate }) => lossRate)')).toBeLessThan(0.2);
  await Promise.all([publisher.close(), viewer.close()]);
});

test('a publisher with 3 % loss and 50 ms of jitter goes on being watched', async () => {
  const publisher = await publish('from-publisher', bad);
  const viewer = await play('from-publisher', good);
  // Chrome takes so much jitter for congestion, and sends fewer pictures.
  expect(await watch({ viewer, publisher }, 'publisher')).toBeGreaterThan((WATCH_MS / 1000) * 3);
  await Promise.all([publisher.close(), viewer.close()]);
});
