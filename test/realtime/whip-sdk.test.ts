// The SDK's WHIP and WHEP against a real media server, in real Chromium pages.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { FLASH_AND_BEEP, flashAfterBeepMs, median } from '../support/flash-and-beep.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type SdkPages, serveSdk } from '../support/sdk-page.ts';
import { until } from '../support/until.ts';
import { startWhipProxy, type WhipProxy } from '../support/whip-proxy.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const CAMERA = `navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true })`;

let browser: Browser;
let media: LocalMediaServer;
let sdk: SdkPages;
let proxy: WhipProxy;

beforeAll(async () => {
  media = await LocalMediaServer.start({ graceMs: 4000 });
  sdk = await serveSdk();
  browser = await launchChromium(CAMERA_FLAGS);
  proxy = await startWhipProxy(media.ports.http);
});

afterAll(async () => {
  await browser?.close();
  proxy?.[Symbol.dispose]();
  sdk?.[Symbol.dispose]();
  await media?.stop();
});

beforeEach(() => {
  proxy.passed.length = 0;
  proxy.refusals.length = 0;
  proxy.blocksMedia = false;
});

interface State {
  phase: string;
  transport: string | null;
  code: string | null;
}

async function sdkPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.evaluate(`(async () => {
    ${FLASH_AND_BEEP}
    window.sdk = await import('@kaibo/client');
  })()`);
  return page;
}

/** Publishes `stream` (an expression); `window.publisher` is its LivePublisher, `window.states` what it told. */
async function publish(name: string, { stream = CAMERA, options = '{}' } = {}): Promise<Page> {
  const page = await sdkPage();
  const urls = {
    rtmp: '',
    whip: `${proxy.url}/rtc/v1/whip/?app=live&stream=${name}&key=k`,
    wsFlv: `ws://127.0.0.1:${media.ports.http}/publish?app=live&stream=${name}&key=k`,
  };
  await page.evaluate(`(async () => {
    window.states = [];
    window.stream = await (${stream});
    window.publisher = new sdk.LivePublisher({
      urls: ${JSON.stringify(urls)},
      stream,
      onState: ({ phase, transport, error }) => states.push({ phase, transport, code: error?.code ?? null }),
      ...${options},
    });
    const startedMs = performance.now();
    window.outcome = await publisher.start().then(() => 'live', (error) => error.code);
    window.liveMs = performance.now() - startedMs;
  })()`);
  return page;
}

/** Plays in a page: `window.player`, `window.ends`, `window.firstFrameMs` since `play()`. */
async function play(name: string): Promise<Page> {
  const page = await sdkPage();
  const url = `${proxy.url}/rtc/v1/whep/?app=live&stream=${name}`;
  await page.evaluate(`(() => {
    window.video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.append(video);
    window.ends = [];
    window.player = new sdk.WhepPlayer({
      url: ${JSON.stringify(url)},
      onTrack: (stream) => (video.srcObject = stream),
      onEnd: (error) => ends.push(error?.code ?? null),
    });
    const startedMs = performance.now();
    window.firstFrameMs = new Promise((resolve) =>
      video.requestVideoFrameCallback(() => resolve(performance.now() - startedMs)));
    window.playing = player.play().then((stream) => stream.getTracks().map(({ kind }) => kind).sort(), (error) => error.code);
  })()`);
  return page;
}

const states = (page: Page): Promise<State[]> => page.evaluate<State[]>('states');
const stats = (page: Page, of: 'publisher' | 'player'): Promise<Record<string, number | string | null>> =>
  page.evaluate(`${of}.stats()`);
const requests = (method: string): typeof proxy.passed => proxy.passed.filter((request) => request.method === method);

async function framesSeen(page: Page, frames: number, timeoutMs = 20_000): Promise<void> {
  const seen = (): Promise<number> => page.evaluate<number>('video.getVideoPlaybackQuality().totalVideoFrames');
  const from = await seen();
  await until(async () => (await seen()) >= from + frames, {
    timeoutMs,
    intervalMs: 100,
    what: `${frames} more pictures`,
  });
}

test('a camera goes out by WHIP and comes in by WHEP at once, with sound, and both ends say goodbye', async () => {
  const publisher = await publish('camera');
  expect(await publisher.evaluate('outcome')).toBe('live');
  const viewer = await play('camera');
  expect(await viewer.evaluate('playing')).toEqual(['audio', 'video']);
  const firstFrameMs = await viewer.evaluate<number>('firstFrameMs');
  await stats(publisher, 'publisher');
  await stats(viewer, 'player');
  await framesSeen(viewer, 100);
  const sent = await stats(publisher, 'publisher');
  const received = await stats(viewer, 'player');
  expect(sent).toMatchObject({ width: 640, height: 480, codec: 'H264', queueMs: 0 });
  expect(received).toMatchObject({ width: 640, height: 480, codec: 'H264', audioCodec: 'opus', lossRate: 0 });
  expect(sent['bitrateBps']).toBeGreaterThan(100_000);
  expect(received['bitrateBps']).toBeGreaterThan(100_000);
  expect(received['fps']).toBeGreaterThan(10);
  expect(received['delayMs']).toBeLessThan(300);
  expect(received['rttMs']).toBeLessThan(1000);
  expect(firstFrameMs, 'first picture').toBeLessThan(2000);
  // Chromium answers extended reports: the server knows how far it is.
  const rttMs = (): number | undefined => media.stream('camera')?.rttMs;
  await until(() => rttMs() !== undefined, { timeoutMs: 20_000, what: 'the round trip to the publisher' });
  expect(rttMs()).toBeLessThan(1000);
  process.stdout.write(
    `whip-sdk: live ${Math.round(await publisher.evaluate<number>('liveMs'))} ms after start(), ` +
      `first picture ${Math.round(firstFrameMs)} ms after play(), ${JSON.stringify(received)}\n`,
  );

  await viewer.evaluate('Promise.all([player.close(), player.close()])');
  await publisher.evaluate('Promise.all([publisher.stop(), publisher.stop()])');
  expect(requests('DELETE').map(({ status }) => status)).toEqual([200, 200]);
  expect(await states(publisher)).toEqual([
    { phase: 'connecting', transport: 'whip', code: null },
    { phase: 'live', transport: 'whip', code: null },
    { phase: 'stopped', transport: 'whip', code: null },
  ]);
  expect(await viewer.evaluate('[player.state.phase, ends]')).toEqual(['closed', []]);
  await media.isState('camera', 'gone');
  await Promise.all([publisher.close(), viewer.close()]);
});

test('pictures and stereo sound stay together on the way in', async () => {
  const publisher = await publish('sync', { stream: 'flashAndBeep(700)' });
  const player = await HttpFlvPlayer.open({ port: media.ports.http, path: '/live/sync.flv?audio=opus' });
  const lastMs = (): number => player.flv.tags.findLast(({ type }) => type === 'video')?.timestamp ?? 0;
  await until(() => lastMs() > 9000, { timeoutMs: 30_000, what: '9 s of media' });
  const tags = [...player.flv.tags];
  const offsets = await flashAfterBeepMs(tags);
  process.stdout.write(`whip-sdk: flash after beep ${offsets.map(Math.round).join(' ')} ms\n`);
  expect(offsets.length).toBeGreaterThanOrEqual(8);
  expect(Math.abs(median(offsets)), `${offsets.join(' ')} ms`).toBeLessThanOrEqual(40);
  // RFC 6716, 3.1: the third bit of an Opus packet says stereo.
  const sound = tags.findLast(({ type, body }) => type === 'audio' && body[0] === 0x91);
  expect((sound?.body[5] ?? 0) & 0x04).toBe(0x04);
  player.close();
  await publisher.goto('about:blank');
  await until(() => requests('DELETE').length === 1, { what: 'a page that was left saying goodbye' });
  await publisher.close();
});

test('tracks are exchanged while it goes on; a kind that was not offered begins a new session', async () => {
  const publisher = await publish('tracks', {
    stream: `navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } })`,
  });
  const viewer = await play('tracks');
  await framesSeen(viewer, 10);
  await publisher.evaluate(`(async () => {
    const other = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    await publisher.replaceTrack(other.getVideoTracks()[0], 'video');
  })()`);
  await until(async () => (await stats(viewer, 'player'))['width'] === 320, { what: 'the other camera' });
  expect(requests('POST')).toHaveLength(2);
  await publisher.evaluate(`(async () => {
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    await publisher.replaceTrack(sound.getAudioTracks()[0], 'audio');
  })()`);
  await until(async () => (await states(publisher)).filter(({ phase }) => phase === 'live').length === 2, {
    what: 'a second session',
  });
  expect(requests('DELETE')).toHaveLength(1);
  expect(requests('POST').at(-1)?.body).toContain('m=audio');
  await until(async () => Number((await stats(publisher, 'publisher'))['audioBitrateBps']) > 10_000, { what: 'sound' });
  await Promise.all([publisher.close(), viewer.close()]);
});

test('where no UDP gets through it falls back to WS-FLV, and stays there', async () => {
  proxy.blocksMedia = true;
  const publisher = await publish('blocked');
  expect(await publisher.evaluate('outcome')).toBe('live');
  expect(await publisher.evaluate('liveMs')).toBeLessThan(9000);
  expect((await states(publisher)).map(({ phase, transport, code }) => [phase, transport, code])).toEqual([
    ['connecting', 'whip', null],
    ['connecting', 'whip', 'ice_timeout'],
    ['connecting', 'ws-flv', 'ice_timeout'],
    ['live', 'ws-flv', null],
  ]);
  expect(requests('DELETE').length, 'the session that did not connect is ended').toBeGreaterThan(0);
  proxy.blocksMedia = false;
  media.server.kickPublisher('live', 'blocked', 'idle');
  await until(async () => (await states(publisher)).filter(({ phase }) => phase === 'live').length === 2, {
    what: 'being live again',
  });
  expect((await states(publisher)).at(-1)).toEqual({ phase: 'live', transport: 'ws-flv', code: null });
  expect(requests('POST')).toHaveLength(1);
  await publisher.close();
});

test('a refusal for good is told at once, one that passes is waited out', async () => {
  proxy.refusals.push({ status: 403, code: 'wrong_key' });
  const refused = await publish('refused');
  expect(await refused.evaluate('[outcome, publisher.state.phase, publisher.state.error.status]')).toEqual([
    'wrong_key',
    'failed',
    403,
  ]);
  expect(requests('POST')).toHaveLength(1);
  // The same publisher may be started again.
  expect(await refused.evaluate(`publisher.start().then(() => publisher.state.phase)`)).toBe('live');
  await refused.close();

  proxy.passed.length = 0;
  proxy.refusals.push({ status: 409, code: 'already_publishing' }, { status: 409, code: 'already_publishing' });
  const waited = await publish('waited');
  expect(await waited.evaluate('[outcome, publisher.state.transport]')).toEqual(['live', 'whip']);
  expect(requests('POST').map(({ status }) => status)).toEqual([409, 409, 201]);
  await waited.close();

  proxy.refusals.push({ status: 406, code: 'codec_unsupported' });
  const other = await publish('other');
  expect(await other.evaluate('[outcome, publisher.state.transport]')).toEqual(['live', 'ws-flv']);
  await other.close();
});

test('it keeps to a bitrate that is changed while it goes on', async () => {
  const noise = `(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 360];
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(640, 360);
    const words = new Uint32Array(image.data.buffer);
    setInterval(() => {
      for (let at = 0; at < words.length; at += 1) words[at] = 0xff000000 | (Math.random() * 0xffffff);
      pen.putImageData(image, 0, 0);
    }, 50);
    return canvas.captureStream(20);
  })()`;
  const publisher = await publish('noise', { stream: noise, options: '{ maxBitrateBps: 1_500_000 }' });
  const bitrate = async (): Promise<number> => Number((await stats(publisher, 'publisher'))['videoBitrateBps']);
  await until(async () => (await bitrate()) > 1_000_000, {
    timeoutMs: 30_000,
    intervalMs: 1000,
    what: 'more than 1 Mbit/s',
  });
  await publisher.evaluate('publisher.setMaxBitrate(400_000)');
  await until(async () => (await bitrate()) < 600_000, {
    timeoutMs: 30_000,
    intervalMs: 1000,
    what: 'less than 0.6 Mbit/s',
  });
  expect(await states(publisher)).toHaveLength(2);
  await publisher.close();
});

test('a session that breaks is followed by another, and the viewer goes on or is told', async () => {
  const publisher = await publish('breaks');
  const viewer = await play('breaks');
  await framesSeen(viewer, 10);
  expect(media.server.kickPublisher('live', 'breaks', 'idle')).toBe(true);
  await until(async () => (await states(publisher)).filter(({ phase }) => phase === 'live').length === 2, {
    timeoutMs: 25_000,
    what: 'being live again',
  });
  expect((await states(publisher)).map(({ transport }) => transport)).not.toContain('ws-flv');
  // Whether three seconds of silence have passed by then depends on the machine.
  const isTold = async (): Promise<boolean> => (await viewer.evaluate<string[]>('ends')).length === 1;
  const frames = (): Promise<number> => viewer.evaluate<number>('video.getVideoPlaybackQuality().totalVideoFrames');
  const before = await frames();
  await until(async () => (await isTold()) || (await frames()) > before + 10, { what: 'going on, or being told' });
  expect((await viewer.evaluate('player.stats()')) === null).toBe(await isTold());
  await Promise.all([publisher.close(), viewer.close()]);
});

/** Of the media server in this process: its WebRTC child. */
function rtcProcess(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('rtc/process'));
  if (found === undefined) throw new Error('no WebRTC process');
  return Number(found);
}

test('the death of the WebRTC process is noticed within seconds by both ends', async () => {
  const publisher = await publish('killed');
  const viewer = await play('killed');
  await framesSeen(viewer, 10);
  // Only from the first report on is the silence of a server known for what it is.
  await until(async () => (await stats(publisher, 'publisher'))['lossRate'] !== null, { what: 'a report' });
  const killedMs = performance.now();
  process.kill(rtcProcess(), 'SIGKILL');
  await until(async () => (await viewer.evaluate<string[]>('ends')).length === 1, { what: 'the viewer being told' });
  const toldMs = performance.now() - killedMs;
  const again = await play('killed');
  await until(async () => (await states(publisher)).filter(({ phase }) => phase === 'live').length === 2, {
    timeoutMs: 30_000,
    what: 'being live again',
  });
  const backMs = performance.now() - killedMs;
  expect(await again.evaluate('playing')).toEqual(['audio', 'video']);
  await framesSeen(again, 1);
  process.stdout.write(
    `whip-sdk: after the kill the viewer is told in ${Math.round(toldMs)} ms, the publisher is live in ${Math.round(backMs)} ms, ` +
      `a picture is there in ${Math.round(performance.now() - killedMs)} ms\n`,
  );
  expect(toldMs).toBeLessThan(8000);
  await Promise.all([publisher, viewer, again].map((page) => page.close()));
});

test('a viewer may come before the publisher, and go before anything came', async () => {
  const early = await play('early');
  await until(() => requests('POST').length === 1, { what: 'the request' });
  const leaving = await play('early');
  await until(() => requests('POST').length === 2, { what: 'the second request' });
  expect(await leaving.evaluate('player.close().then(() => playing)')).toBe('closed');
  const publisher = await publish('early');
  expect(await early.evaluate('playing')).toEqual(['audio', 'video']);
  await framesSeen(early, 10);
  await Promise.all([publisher, early, leaving].map((page) => page.close()));
});
