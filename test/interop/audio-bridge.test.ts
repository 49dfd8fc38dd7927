import { readdirSync, symlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OggOpusReader } from '@kaibo/formats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { childrenRunning } from '../support/children.ts';
import { ffmpeg, probe } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { FlvWireReader, flvHeader, flvTag, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { BEEPS, beepTimes, encodeMarkers, FLASHES, flashTimes, MARKS_MS } from '../support/markers.ts';
import { findProgram } from '../support/program.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtmpPlayer } from '../support/rtmp-player.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SECONDS = ['-t', '7'];
/** Of its own name, so that the server's ffmpeg is told from the test's. */
const PROGRAM = 'kaibo-ffmpeg';
const SYNC_MS = 40;
const LINGER_MS = 10_000;
const VIDEO = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p'];

const opus = (packetType: number, data: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(0x90 | packetType), Buffer.from('Opus'), data]);

/** What a browser with WebCodecs sends: H.264 and Opus in FLV, which Debian's ffmpeg cannot write. */
async function browserTags(): Promise<WireTag[]> {
  const flv = new FlvWireReader();
  flv.push(await encodeMarkers('flv', ...FLASHES, ...SECONDS, ...VIDEO));
  const ogg = new OggOpusReader();
  const frames = ogg.push(
    await encodeMarkers('ogg', ...BEEPS, ...SECONDS, '-c:a', 'libopus', '-page_duration', '20000'),
  );
  const sound = frames.map(({ data, startSample }): WireTag => {
    return { type: 'audio', timestamp: Math.max(0, Math.round(startSample / 48)), body: opus(1, data) };
  });
  const video = flv.tags.filter(({ type }) => type === 'video');
  const start: WireTag = { type: 'audio', timestamp: 0, body: opus(0, ogg.head ?? Buffer.alloc(0)) };
  return [...video.slice(0, 1), start, ...[...video.slice(1), ...sound].toSorted((a, b) => a.timestamp - b.timestamp)];
}

let tags: WireTag[];
beforeAll(async () => {
  tags = await browserTags();
});

/** Sends in real time, over and over, until stopped. */
class Browser {
  private socket: RawWebSocket;
  private stopped = false;
  readonly sent: WireTag[] = [];
  private readonly done: Promise<void>;

  private constructor(socket: RawWebSocket, loop: boolean) {
    this.socket = socket;
    socket.sendBinary(flvHeader());
    this.done = this.send(loop);
  }

  static async publish(media: LocalMediaServer, name: string, { loop = false } = {}): Promise<Browser> {
    return new Browser(
      await RawWebSocket.open({ port: media.ports.http, path: `/publish?app=live&stream=${name}` }),
      loop,
    );
  }

  async ended(): Promise<void> {
    await this.done;
    this.socket.close();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended();
  }

  private async send(loop: boolean): Promise<void> {
    const startedAt = performance.now();
    const lastMs = (tags.at(-1)?.timestamp ?? 0) + 20;
    for (let offsetMs = 0; offsetMs === 0 || loop; offsetMs += lastMs) {
      for (const tag of tags) {
        const timestamp = tag.timestamp + offsetMs;
        const waitMs = startedAt + timestamp - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        if (this.stopped) return;
        const placed = { ...tag, timestamp };
        this.sent.push(placed);
        this.socket.sendBinary(flvTag(placed));
      }
    }
  }
}

const audioOf = (all: readonly WireTag[]): WireTag[] => all.filter(({ type }) => type === 'audio');
const isAac = ({ body }: WireTag): boolean => body[0] === 0xaf;

describe('a stream that a browser publishes', () => {
  const folder = tempDir();
  let media: LocalMediaServer;
  const before = process.env['KAIBO_FFMPEG'];
  beforeAll(async () => {
    const path = folder.file(PROGRAM);
    symlinkSync(findProgram('ffmpeg'), path);
    process.env['KAIBO_FFMPEG'] = path;
    media = await LocalMediaServer.start({ graceMs: 500, relay: { allowPrivate: true } });
  });
  afterEach(() => until(() => media.server.streams().length === 0, { timeoutMs: 20_000, what: 'no stream left' }));
  afterAll(async () => {
    await media.stop();
    folder[Symbol.dispose]();
    if (before === undefined) delete process.env['KAIBO_FFMPEG'];
    else process.env['KAIBO_FFMPEG'] = before;
  });

  it('plays with H.264 and AAC over RTMP and HTTP-FLV, and is recorded so, beep and flash together', async () => {
    const files = { rtmp: folder.file('rtmp.mkv'), flv: folder.file('flv.mkv'), mp4: folder.file('sync/001.mp4') };
    const recorders = [
      ffmpeg('-i', media.rtmpUrl('sync'), '-c', 'copy', files.rtmp),
      ffmpeg('-i', media.flvUrl('sync'), '-c', 'copy', files.flv),
    ];
    await media.hasViewers('sync', recorders.length);
    const browser = await Browser.publish(media, 'sync');
    const recording = { id: 'sync', folder: folder.file('sync') };
    await until(() => media.server.startRecording({ app: 'live', stream: 'sync' }, recording));
    await browser.ended();
    await until(() => media.server.recordings().length === 0, { what: 'the end of the recording' });
    expect(readdirSync(recording.folder)).toEqual(['001.mp4', 'index.jsonl']);
    for (const recorder of recorders) await recorder.succeeded();
    for (const file of Object.values(files)) {
      const { streams } = await probe(file);
      expect(streams.map(({ codec, sampleRateHz }) => [codec, sampleRateHz])).toEqual([
        ['h264', undefined],
        ['aac', 48_000],
      ]);
      const [flashes, beeps] = [await flashTimes(file), await beepTimes(file)];
      const apart = flashes.map((ms, index) => (beeps[index] ?? Number.NaN) - ms);
      expect(apart, file).toHaveLength(MARKS_MS.length);
      for (const ms of apart) expect(Math.abs(ms), `${file}: ${apart.join(', ')}`).toBeLessThanOrEqual(SYNC_MS);
    }
  });

  it('gives Opus bit by bit to who asks for it, and needs no ffmpeg for that', async () => {
    const players = [
      HttpFlvPlayer.open({ port: media.ports.http, path: '/live/exact.flv?audio=opus' }),
      HttpFlvPlayer.open({ port: media.ports.http, path: '/live/exact.flv?audio=opus' }),
    ];
    const rtmp = await RtmpPlayer.open({ port: media.ports.rtmp, name: 'exact?audio=opus' });
    await media.hasViewers('exact', 3);
    const browser = await Browser.publish(media, 'exact');
    const flv = await Promise.all(players);
    const seen = (): readonly (readonly WireTag[])[] => [...flv.map((player) => player.flv.tags), rtmp.tags];
    await until(() => seen().every((list) => list.some(({ timestamp }) => timestamp > 2000)));
    expect(childrenRunning(PROGRAM)).toEqual([]);
    await browser.ended();
    const sent = audioOf(browser.sent).map(({ timestamp, body }) => `${timestamp} ${body.toString('hex')}`);
    await until(() => seen().every((list) => audioOf(list).length === sent.length), { what: 'every packet' });
    for (const list of seen())
      expect(audioOf(list).map(({ timestamp, body }) => `${timestamp} ${body.toString('hex')}`)).toEqual(sent);
    for (const player of [...flv, rtmp]) player.close();
  });

  it('has one ffmpeg while anybody takes AAC, on whichever worker', async () => {
    const browser = await Browser.publish(media, 'demand', { loop: true });
    const open = (query = ''): Promise<HttpFlvPlayer> =>
      HttpFlvPlayer.open({ port: media.ports.http, path: `/live/demand.flv${query}` });
    const opusPlayers = await Promise.all([open('?audio=opus'), open('?audio=opus'), open('?audio=opus')]);
    expect(childrenRunning(PROGRAM)).toEqual([]);
    const startedAt = performance.now();
    const aacPlayers = await Promise.all([open(), open(), open(), open()]);
    const beganMs = performance.now() - startedAt;
    await until(() => aacPlayers.every(({ flv }) => audioOf(flv.tags).some(isAac)));
    expect(beganMs).toBeLessThan(1000);
    for (const { flv } of aacPlayers) {
      expect(flv.header?.[4]).toBe(5);
      expect(audioOf(flv.tags).every(isAac)).toBe(true);
    }
    expect(childrenRunning(PROGRAM)).toHaveLength(1);
    for (const player of aacPlayers) player.close();
    await until(() => childrenRunning(PROGRAM).length === 0, { timeoutMs: LINGER_MS + 3000, what: 'its end' });
    for (const { flv } of opusPlayers) expect(audioOf(flv.tags).some(isAac)).toBe(false);
    for (const player of opusPlayers) player.close();
    await browser.stop();
  });

  it('is pushed to other servers with AAC, whose header comes before the first picture', async () => {
    await using target = await LocalMediaServer.start({ graceMs: 500 });
    const player = await RtmpPlayer.open({ port: target.ports.rtmp, name: 'pushed' });
    const browser = await Browser.publish(media, 'pushed', { loop: true });
    await media.isState('pushed', 'publishing');
    media.server.startPush({ app: 'live', stream: 'pushed' }, { id: 'push', url: target.rtmpUrl('pushed') });
    await until(() => audioOf(player.tags).length > 50, { timeoutMs: 20_000, what: 'sound at the target' });
    expect(audioOf(player.tags).every(isAac)).toBe(true);
    const begin = player.tags.filter(({ type }) => type !== 'script').slice(0, 3);
    expect(begin.map(({ type, body }) => `${type} ${body[0]?.toString(16)}${body[1]}`)).toEqual([
      ...['video 170', 'audio af0', 'video 171'],
    ]);
    const videoMs = player.tags.filter(({ type }) => type === 'video').at(-1)?.timestamp ?? 0;
    const audioMs = audioOf(player.tags).at(-1)?.timestamp ?? 0;
    expect(Math.abs(videoMs - audioMs)).toBeLessThan(500);
    player.close();
    media.server.stopPush('push');
    await browser.stop();
  });

  it('goes on when its ffmpeg is killed', async () => {
    const browser = await Browser.publish(media, 'killed', { loop: true });
    const player = await HttpFlvPlayer.open({ port: media.ports.http, path: '/live/killed.flv' });
    const lastAac = (): number => audioOf(player.flv.tags).at(-1)?.timestamp ?? 0;
    await until(() => lastAac() > 0);
    const [pid = 0] = childrenRunning(PROGRAM);
    process.kill(pid, 'SIGKILL');
    const killedAtMs = player.flv.tags.at(-1)?.timestamp ?? 0;
    await until(() => lastAac() > killedAtMs + 1000);
    const times = audioOf(player.flv.tags)
      .slice(1)
      .map(({ timestamp }) => timestamp);
    const gapMs = Math.max(...times.slice(1).map((ms, index) => ms - (times[index] ?? ms)));
    expect(gapMs).toBeLessThan(1000);
    player.close();
    await browser.stop();
    await until(() => childrenRunning(PROGRAM).length === 0);
  });
});

it('without ffmpeg pictures go on, Opus too for who asks, and the streamer is told', async () => {
  const before = process.env['KAIBO_FFMPEG'];
  process.env['KAIBO_FFMPEG'] = '/nowhere/ffmpeg';
  try {
    await using media = await LocalMediaServer.start({ graceMs: 100 });
    const browser = await Browser.publish(media, 'silent', { loop: true });
    const open = (query: string): Promise<HttpFlvPlayer> =>
      HttpFlvPlayer.open({ port: media.ports.http, path: `/live/silent.flv${query}` });
    const [plain, other, opusPlayer] = await Promise.all([open(''), open(''), open('?audio=opus')]);
    const video = ({ flv }: HttpFlvPlayer): number => flv.tags.filter(({ type }) => type === 'video').length;
    await until(() => [plain, other, opusPlayer].every((player) => video(player) > 50));
    expect([plain, other].map(({ flv }) => [flv.header?.[4], audioOf(flv.tags).length])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(audioOf(opusPlayer.flv.tags).length).toBeGreaterThan(50);
    await until(() => media.stream('silent')?.notices.includes('no_ffmpeg'), { what: 'the notice' });
    for (const player of [plain, other, opusPlayer]) player.close();
    await browser.stop();
  } finally {
    if (before === undefined) delete process.env['KAIBO_FFMPEG'];
    else process.env['KAIBO_FFMPEG'] = before;
  }
});
