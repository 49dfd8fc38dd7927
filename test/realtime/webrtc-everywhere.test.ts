// What goes in by one protocol comes out by all others: WebRTC, WebSocket-FLV and RTMP, with sound and in sync.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { ffmpeg } from '../support/ffmpeg.ts';
import { FLASH_AND_BEEP, median } from '../support/flash-and-beep.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { beepTimes, flashTimes } from '../support/markers.ts';
import { type SdkPages, serveSdk } from '../support/sdk-page.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const CAMERA = 'navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true })';
const MPEGTS = join(import.meta.dirname, '../../node_modules/mpegts.js/dist/mpegts.js');
const WATCH_MS = 10_000;

let browser: Browser;
let media: LocalMediaServer;
let sdk: SdkPages;

beforeAll(async () => {
  media = await LocalMediaServer.start();
  sdk = await serveSdk();
  browser = await launchChromium(CAMERA_FLAGS);
});

afterAll(async () => {
  await browser?.close();
  sdk?.[Symbol.dispose]();
  await media?.stop();
});

async function sdkPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.evaluate(`(async () => {
    ${FLASH_AND_BEEP}
    window.sdk = await import('@kaibo/client');
  })()`);
  return page;
}

async function publish(name: string, stream: string): Promise<Page> {
  const page = await sdkPage();
  const whip = `http://127.0.0.1:${media.ports.http}/rtc/v1/whip/?app=live&stream=${name}`;
  await page.evaluate(`(async () => {
    window.publisher = new sdk.LivePublisher({ urls: { rtmp: '', whip: '${whip}' }, stream: await (${stream}) });
    await publisher.start();
  })()`);
  return page;
}

/** `window.firstFrameMs` since `play()`. */
async function playWhep(name: string): Promise<Page> {
  const page = await sdkPage();
  await page.evaluate(`(async () => {
    window.video = document.createElement('video');
    video.autoplay = true;
    document.body.append(video);
    window.player = new sdk.WhepPlayer({
      url: 'http://127.0.0.1:${media.ports.http}/rtc/v1/whep/?app=live&stream=${name}',
      onTrack: (stream) => (video.srcObject = stream),
      onEnd: (error) => { throw error ?? new Error('ended'); },
    });
    const startedMs = performance.now();
    const first = new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(performance.now() - startedMs)));
    await player.play();
    window.firstFrameMs = await first;
  })()`);
  return page;
}

/** WebSocket-FLV by mpegts.js; `window.info` is what it found in the stream. */
async function playFlv(name: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.addScriptTag({ path: MPEGTS });
  await page.evaluate(`(() => {
    window.video = document.createElement('video');
    document.body.append(video);
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: 'ws://127.0.0.1:${media.ports.http}/live/${name}.flv' });
    player.on(mpegts.Events.MEDIA_INFO, (info) => (window.info = { video: info.videoCodec, audio: info.audioCodec }));
    player.attachMediaElement(video);
    player.load();
    return player.play();
  })()`);
  return page;
}

interface Inbound {
  freezes: number;
  frames: number;
}

const inbound = (page: Page): Promise<Inbound> =>
  page.evaluate(`player.stats().then((stats) => ({
    freezes: stats.freezes,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  }))`);

/** How far apart the nearest flash and beep are, ms, in what ffmpeg recorded of `url`. */
async function recordedOffsets(url: string, seconds: number): Promise<number[]> {
  using folder = tempDir();
  const file = folder.file('recorded.mkv');
  await ffmpeg('-t', String(seconds), '-i', url, '-map', '0', '-c', 'copy', file).succeeded();
  const [flashes, beeps] = await Promise.all([flashTimes(file), beepTimes(file)]);
  return flashes.flatMap((flash) => {
    const [nearest] = beeps.toSorted((one, other) => Math.abs(one - flash) - Math.abs(other - flash));
    return nearest === undefined || Math.abs(nearest - flash) > 400 ? [] : [flash - nearest];
  });
}

test('a camera published by WHIP is watched by WHEP without freezing, and by WS-FLV with AAC sound', async () => {
  const publisher = await publish('camera', CAMERA);
  const viewer = await playWhep('camera');
  const flv = await playFlv('camera');
  const before = await inbound(viewer);
  await until(() => flv.evaluate<boolean>('video.currentTime > 3 && video.webkitAudioDecodedByteCount > 20_000'), {
    timeoutMs: 30_000,
    what: 'WS-FLV playing with sound',
  });
  expect(await flv.evaluate('info')).toMatchObject({
    audio: expect.stringMatching(/^mp4a/),
    video: expect.stringMatching(/^avc1/),
  });
  const startedMs = performance.now();
  await until(() => performance.now() - startedMs > WATCH_MS, { timeoutMs: 60_000, what: 'watching' });
  const after = await inbound(viewer);
  process.stdout.write(
    `webrtc: first picture ${Math.round(await viewer.evaluate<number>('firstFrameMs'))} ms after play(), ` +
      `${after.freezes - before.freezes} freezes and ${after.frames - before.frames} pictures in ${WATCH_MS / 1000} s\n`,
  );
  expect(after.frames - before.frames).toBeGreaterThan((WATCH_MS / 1000) * 10);
  await Promise.all([publisher, viewer, flv].map((page) => page.close()));
});

test('RTMP has the picture and the sound of a browser within 40 ms of each other', async () => {
  const publisher = await publish('sync', 'flashAndBeep(1000)');
  const offsets = await recordedOffsets(`rtmp://127.0.0.1:${media.ports.rtmp}/live/sync`, 11);
  process.stdout.write(`webrtc: by RTMP, flash after beep ${offsets.map(Math.round).join(' ')} ms\n`);
  expect(offsets.length).toBeGreaterThanOrEqual(8);
  expect(Math.abs(median(offsets)), offsets.join(' ')).toBeLessThanOrEqual(40);
  await publisher.close();
});

test('what ffmpeg publishes by RTMP is seen and heard by WHEP, together', async () => {
  const marks = 'lt(mod(t,1),0.2)';
  const source = ffmpeg(
    ...['-re', '-f', 'lavfi', '-i', `color=black:s=320x180:r=25,drawbox=c=white:t=fill:enable='${marks}'`],
    ...['-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*1000*t)*${marks}':s=44100`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '50'],
    ...['-c:a', 'aac', '-f', 'flv', `rtmp://127.0.0.1:${media.ports.rtmp}/live/rtmp-in`],
  );
  await media.isState('rtmp-in', 'publishing');
  const viewer = await playWhep('rtmp-in');
  const offsets = await viewer.evaluate<number[]>(`(async () => {
    const canvas = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(video.srcObject).connect(analyser);
    const samples = new Float32Array(512);
    const [flashes, beeps] = [[], []];
    let [wasBright, loudAt] = [true, 0];
    const untilMs = performance.now() + 11_000;
    while (performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 4));
      const now = performance.now();
      canvas.drawImage(video, 0, 0, 8, 8);
      const isBright = canvas.getImageData(4, 4, 1, 1).data[0] > 128;
      if (isBright && !wasBright) flashes.push(now);
      wasBright = isBright;
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => Math.abs(sample) > 0.1)) {
        if (now - loudAt > 300) beeps.push(now);
        loudAt = now;
      }
    }
    return flashes.flatMap((flash) => {
      const [nearest] = beeps.toSorted((a, b) => Math.abs(a - flash) - Math.abs(b - flash));
      return nearest === undefined || Math.abs(nearest - flash) > 450 ? [] : [flash - nearest];
    }).slice(3);
  })()`);
  process.stdout.write(`webrtc: RTMP to WHEP, flash after beep ${offsets.map(Math.round).join(' ')} ms\n`);
  expect(offsets.length).toBeGreaterThanOrEqual(5);
  expect(Math.abs(median(offsets)), offsets.join(' ')).toBeLessThan(250);
  await source.stop();
  await viewer.close();
});
