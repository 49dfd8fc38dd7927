// The SDK's WS-FLV rung: a real Chromium encodes and publishes, a real media server takes it, a viewer gets it.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { launchChromium } from '../support/chromium.ts';
import { flashAfterBeepMs, FLASH_AND_BEEP, median } from '../support/flash-and-beep.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { flvHeader, flvTag, FlvWireReader, type WireTag } from '../support/flv-wire.ts';
import { probe, type ProbedStream } from '../support/ffmpeg.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { Program } from '../support/program.ts';
import { type SdkPages, serveSdk } from '../support/sdk-page.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

let browser: Browser;
let media: LocalMediaServer;
let sdk: SdkPages;

beforeAll(async () => {
  media = await LocalMediaServer.start({ graceMs: 5000 });
  sdk = await serveSdk();
  browser = await launchChromium(CAMERA_FLAGS);
});

afterAll(async () => {
  await browser?.close();
  sdk?.[Symbol.dispose]();
  await media?.stop();
});

const publishUrl = (name: string): string => `ws://127.0.0.1:${media.ports.http}/publish?app=live&stream=${name}&key=k`;

/** A page that publishes `stream` (an expression); `window.publisher` is its LivePublisher, `window.states` what it told. */
async function publish(
  name: string,
  { stream, options = '{}', before = '' }: { stream: string; options?: string; before?: string },
): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.evaluate(
    `(async () => {
      ${FLASH_AND_BEEP}
      ${before}
      const { LivePublisher } = await import('@kaibo/client');
      window.states = [];
      window.stream = await (${stream});
      window.publisher = new LivePublisher({
        urls: { rtmp: '', wsFlv: ${JSON.stringify(publishUrl(name))} },
        stream,
        onState: ({ phase, transport, error }) => states.push({ phase, transport, code: error?.code ?? null }),
        ...${options},
      });
      await publisher.start();
    })()`,
  );
  return page;
}

/** A picture that no encoder makes small, with a tone. */
const NOISE = `
  window.noise = () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 360];
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(640, 360);
    const words = new Uint32Array(image.data.buffer);
    setInterval(() => {
      for (let at = 0; at < words.length; at += 1) words[at] = 0xff000000 | (Math.random() * 0xffffff);
      pen.putImageData(image, 0, 0);
    }, 40);
    const context = new AudioContext();
    const sound = context.createMediaStreamDestination();
    const tone = new OscillatorNode(context);
    tone.connect(sound);
    tone.start();
    return new MediaStream([...canvas.captureStream(25).getVideoTracks(), ...sound.stream.getAudioTracks()]);
  };
`;

/** Takes FLV over a WebSocket as slowly as it is told to. */
class NarrowServer {
  readonly tags: WireTag[];
  readonly url: string;
  bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    const reader = new FlvWireReader();
    this.tags = reader.tags;
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/publish?app=live&stream=narrow`;
    server.on('connection', (socket) => {
      let freeAtMs = 0;
      socket.on('message', (bytes: Buffer) => {
        reader.push(bytes);
        const nowMs = performance.now();
        freeAtMs = Math.max(nowMs, freeAtMs) + (bytes.length * 1000) / this.bytesPerSecond;
        const thisMs = freeAtMs;
        socket.pause();
        setTimeout(() => thisMs === freeAtMs && socket.resume(), freeAtMs - nowMs);
      });
    });
  }

  static async start(): Promise<NarrowServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new NarrowServer(server);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

const CAMERA = `navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true })`;

/** The tags that a viewer of Opus as it is gets. */
async function watch(name: string): Promise<HttpFlvPlayer> {
  return HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${name}.flv?audio=opus` });
}

const of = (tags: readonly WireTag[], type: WireTag['type']): WireTag[] => tags.filter((tag) => tag.type === type);
const isVideoConfig = ({ type, body }: WireTag): boolean => type === 'video' && body[1] === 0;
const isKey = ({ type, body }: WireTag): boolean => type === 'video' && body[0] === 0x17 && body[1] === 1;
const isOpusConfig = ({ type, body }: WireTag): boolean => type === 'audio' && body[0] === 0x90;
const frames = (tags: readonly WireTag[], type: 'audio' | 'video'): WireTag[] =>
  of(tags, type).filter((tag) => !isVideoConfig(tag) && !isOpusConfig(tag));
const lastMs = (tags: readonly WireTag[]): number => tags.at(-1)?.timestamp ?? 0;

async function plays(player: HttpFlvPlayer, untilMs: number): Promise<void> {
  const what = `${untilMs} ms of media`;
  await until(() => lastMs(frames(player.flv.tags, 'video')) >= untilMs, { timeoutMs: untilMs + 20_000, what });
}

/** Steps from one time to the next. */
const steps = (tags: readonly WireTag[]): number[] =>
  tags.slice(1).map(({ timestamp }, index) => timestamp - (tags[index]?.timestamp ?? 0));

/** What ffprobe says of the pictures; every one of them is decoded without a complaint. */
async function probedVideo(tags: readonly WireTag[]): Promise<ProbedStream | undefined> {
  using folder = tempDir();
  const file = folder.file('video.flv');
  writeFileSync(file, Buffer.concat([flvHeader({ audio: false }), ...of(tags, 'video').map(flvTag)]));
  const args = ['-v', 'error', '-xerror', '-i', file, '-fps_mode', 'passthrough', '-vf', 'scale=1:1'];
  const decoded = await Program.start('ffmpeg', [...args, '-pix_fmt', 'gray', '-f', 'rawvideo', '-']).succeeded();
  expect(Buffer.concat(decoded.stdout)).toHaveLength(frames(tags, 'video').length);
  return (await probe(file)).streams[0];
}

test('a camera and a microphone come out as H.264 and Opus, in even times, with a key frame every two seconds', async () => {
  const page = await publish('camera', { stream: CAMERA });
  const player = await watch('camera');
  await plays(player, 6500);
  const tags = [...player.flv.tags];
  expect(of(tags, 'video').filter(isVideoConfig)).toHaveLength(1);
  const [opus] = of(tags, 'audio');
  expect(opus?.body.toString('latin1', 1, 13)).toBe('OpusOpusHead');
  const [video, audio] = [frames(tags, 'video'), frames(tags, 'audio')];
  expect(Math.min(...steps(video)), 'video times rise').toBeGreaterThan(0);
  expect(Math.max(...steps(audio)), 'sound has no gap').toBeLessThanOrEqual(25);
  expect(Math.min(...steps(audio)), 'sound times rise').toBeGreaterThan(0);
  // In its first second the clock still learns the least delay.
  const learnt = audio.filter(({ timestamp }) => timestamp > (audio[0]?.timestamp ?? 0) + 1200);
  expect(Math.min(...steps(learnt)), 'sound is even').toBeGreaterThanOrEqual(15);
  const keys = video.filter(isKey);
  expect(keys.length).toBeGreaterThanOrEqual(3);
  expect(Math.max(...steps(keys))).toBeLessThanOrEqual(2100);
  expect(Math.abs(lastMs(video) - lastMs(audio))).toBeLessThan(200);
  expect(await probedVideo(tags)).toMatchObject({ codec: 'h264', width: 640, height: 480 });

  const { streams } = await probe(`http://127.0.0.1:${media.ports.http}/live/camera.flv`, { seconds: 2 });
  expect(streams.map(({ codec }) => codec).toSorted(), 'a viewer who does not ask for Opus').toEqual(['aac', 'h264']);

  await page.evaluate('publisher.stats()');
  await plays(player, lastMs(player.flv.tags) + 1500);
  const stats = await page.evaluate<Record<string, number | string>>('publisher.stats()');
  expect(stats).toMatchObject({ width: 640, height: 480, codec: 'H264', lossRate: null });
  expect(stats['fps']).toBeGreaterThan(10);
  expect(stats['audioBitrateBps']).toBeGreaterThan(20_000);

  await page.evaluate('publisher.stop()');
  await media.isState('camera', 'gone');
  expect(await page.evaluate('states')).toEqual([
    { phase: 'connecting', transport: 'ws-flv', code: null },
    { phase: 'live', transport: 'ws-flv', code: null },
    { phase: 'stopped', transport: 'ws-flv', code: null },
  ]);
  expect(await page.evaluate('stream.getTracks().map((track) => track.readyState)')).toEqual(['live', 'live']);
  player.close();
  await page.close();
});

test.each([
  ['with track processors', ''],
  ['without, as in Firefox and Safari', 'delete globalThis.MediaStreamTrackProcessor;'],
])('pictures and sound stay together: %s', async (_name, before) => {
  const name = `sync-${before.length}`;
  const page = await publish(name, { stream: 'flashAndBeep(700)', before });
  const player = await watch(name);
  await plays(player, 9000);
  const offsets = await flashAfterBeepMs(player.flv.tags);
  expect(offsets.length).toBeGreaterThanOrEqual(10);
  const shown = `flash after beep: ${offsets.map(Math.round).join(' ')} ms`;
  expect(Math.abs(median(offsets)), shown).toBeLessThanOrEqual(30);
  expect(offsets.filter((ms) => Math.abs(ms) <= 40).length / offsets.length, shown).toBeGreaterThan(0.7);
  player.close();
  await page.close();
});

test('another camera, another size, no sound, sound again: the stream goes on', async () => {
  const page = await publish('switch', { stream: CAMERA });
  const player = await watch('switch');
  await plays(player, 1500);
  await page.evaluate(`(async () => {
    const other = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    await publisher.replaceTrack(other.getVideoTracks()[0], 'video');
    stream.getVideoTracks()[0].stop();
  })()`);
  await until(() => player.flv.tags.filter(isVideoConfig).length === 2, { what: 'another sequence header' });
  const switchedMs = lastMs(frames(player.flv.tags, 'video'));
  await plays(player, switchedMs + 1500);
  await page.evaluate(`publisher.replaceTrack(null, 'audio')`);
  const quietMs = lastMs(frames(player.flv.tags, 'audio'));
  await plays(player, quietMs + 1000);
  await page.evaluate(`publisher.replaceTrack(stream.getAudioTracks()[0], 'audio')`);
  await plays(player, quietMs + 2500);

  const tags = [...player.flv.tags];
  const video = frames(tags, 'video');
  expect(Math.min(...steps(video)), 'video times rise').toBeGreaterThan(0);
  expect(Math.max(...steps(video)), 'the switch is short').toBeLessThan(1000);
  const [second] = tags.filter(isVideoConfig).slice(1);
  const first = tags
    .slice(tags.findIndex((tag) => tag === second))
    .find(({ type, body }) => type === 'video' && body[1] === 1);
  expect(first && isKey(first), 'a key frame follows the new sequence header').toBe(true);
  expect(await probedVideo(tags.slice(tags.findIndex((tag) => tag === second)))).toMatchObject({
    width: 320,
    height: 240,
  });
  const audio = frames(tags, 'audio');
  expect(Math.max(...steps(audio)), 'there was a pause').toBeGreaterThan(500);
  expect(Math.abs(lastMs(video) - lastMs(audio))).toBeLessThan(200);
  expect(await page.evaluate('states.length')).toBe(2);
  player.close();
  await page.close();
});

test.each([
  ['with track processors', ''],
  ['without', 'delete globalThis.MediaStreamTrackProcessor;'],
])('who mutes sends silence and black, not nothing; a still picture is sent on: %s', async (_name, before) => {
  const name = `mute-${before.length}`;
  const page = await publish(name, { stream: CAMERA, before });
  const player = await watch(name);
  await plays(player, 1500);
  const mutedMs = lastMs(frames(player.flv.tags, 'video'));
  await page.evaluate('stream.getTracks().forEach((track) => (track.enabled = false))');
  await plays(player, mutedMs + 5000);
  const tags = [...player.flv.tags];
  const late = frames(tags, 'video').filter(({ timestamp }) => timestamp > mutedMs + 1000);
  expect(Math.max(...steps(frames(tags, 'video')))).toBeLessThan(1200);
  expect(Math.max(...steps(frames(tags, 'audio')))).toBeLessThanOrEqual(45);
  expect(late.filter(isKey).length, 'newcomers find key frames').toBeGreaterThanOrEqual(1);
  expect(Math.max(...late.map(({ body }) => body.length)), 'black takes few bytes').toBeLessThan(4000);
  player.close();
  await page.close();
});

test('it comes back after the connection breaks, and the stream goes on', async () => {
  const page = await publish('back', { stream: CAMERA });
  const player = await watch('back');
  await plays(player, 1000);
  expect(media.server.kickPublisher('live', 'back', 'idle')).toBe(true);
  await until(async () => (await page.evaluate<unknown[]>('states')).length === 5, { what: 'being live again' });
  expect((await page.evaluate<unknown[]>('states')).slice(2)).toEqual([
    { phase: 'reconnecting', transport: 'ws-flv', code: 'idle' },
    { phase: 'reconnecting', transport: 'ws-flv', code: 'idle' },
    { phase: 'live', transport: 'ws-flv', code: null },
  ]);
  await plays(player, lastMs(frames(player.flv.tags, 'video')) + 1000);
  expect(Math.min(...steps(frames(player.flv.tags, 'video')))).toBeGreaterThanOrEqual(0);

  media.server.kickPublisher('live', 'back');
  await until(async () => (await page.evaluate('publisher.state.phase')) === 'failed', {
    what: 'giving up when kicked',
  });
  expect(await page.evaluate('publisher.state.error.code')).toBe('kicked');
  expect(await page.evaluate('publisher.stats()')).toMatchObject({ bitrateBps: 0 });
  player.close();
  await page.close();
});

test('without a server it gives up and says so; who stops before is told that', async () => {
  const page = await publish('early', { stream: CAMERA });
  const outcome = await page.evaluate(`(async () => {
    const { LivePublisher } = await import('@kaibo/client');
    const urls = { rtmp: '', wsFlv: 'ws://127.0.0.1:9/publish?app=live&stream=x&key=secret' };
    const [one, two] = [new LivePublisher({ urls, stream }), new LivePublisher({ urls, stream })];
    const code = (error) => error.code + ' ' + /secret/.test(JSON.stringify(error) + error);
    const refused = one.start().catch(code);
    const stopped = two.start().catch(code);
    await two.stop();
    await two.stop();
    return [await refused, await stopped, one.state.phase, two.state.phase];
  })()`);
  expect(outcome).toEqual(['refused false', 'closed false', 'failed', 'stopped']);
  await page.close();
});

test('when the network is full, pictures are left out, the bitrate falls, and what comes is whole', async () => {
  await using narrow = await NarrowServer.start();
  const page = await publish('narrow', {
    stream: 'noise()',
    options: `{ urls: { rtmp: '', wsFlv: '${narrow.url}' }, maxBitrateBps: 6_000_000 }`,
    before: NOISE,
  });
  await until(() => narrow.tags.length > 20, { what: 'the first frames' });
  narrow.bytesPerSecond = 100_000;
  const most = await until(
    async () => {
      const stats = await page.evaluate<{ queueMs: number; bitrateBps: number }>('publisher.stats()');
      return stats.queueMs > 1000 && stats;
    },
    { timeoutMs: 60_000, intervalMs: 500, what: 'a backlog' },
  );
  expect(most.queueMs).toBeLessThan(8000);
  const from = narrow.tags.length;
  await until(
    async () => (await page.evaluate<{ videoBitrateBps: number }>('publisher.stats()')).videoBitrateBps < 2_000_000,
    { timeoutMs: 60_000, intervalMs: 2000, what: 'a lower bitrate' },
  );
  narrow.bytesPerSecond = 10_000_000;
  await until(async () => (await page.evaluate<{ queueMs: number }>('publisher.stats()')).queueMs < 100, {
    timeoutMs: 60_000,
    what: 'the backlog going away',
  });
  await until(() => narrow.tags.length > from + 100, { timeoutMs: 30_000, what: 'more frames' });
  const tags = [...narrow.tags];
  expect(await probedVideo(tags)).toMatchObject({ codec: 'h264' });
  expect(Math.max(...steps(frames(tags, 'audio'))), 'sound has no gap').toBeLessThanOrEqual(45);
  expect(await page.evaluate('publisher.state.phase')).toBe('live');
  await page.close();
});
