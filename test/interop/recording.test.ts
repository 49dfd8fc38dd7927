import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { startPlatform, type Platform, type TestRoom } from '../support/platform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const SECONDS = 9;
/** Starting a publisher and the last key frame before the end cost a moment. */
const SLACK_S = 1.5;

interface Recording {
  id: string;
  state: string;
  published: boolean;
  durationMs: number;
  sizeBytes: number;
  startedAt: number;
  parts: { n: number; durationMs: number; epochMs: number }[];
  replayUrl: string;
  downloadUrls: string[];
  poster?: string;
}

/** Of a file or an address, and how many key frames and packets its picture has. */
async function probe(input: string): Promise<{ durationS: number; codecs: string[] }> {
  const args = ['-v', 'error', '-show_entries', 'format=duration:stream=codec_name', '-of', 'json', input];
  const { stdout } = await run('ffprobe', args, { timeout: 30_000 });
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string };
    streams: { codec_name: string }[];
  };
  return { durationS: Number(format.duration), codecs: streams.map((stream) => stream.codec_name).toSorted() };
}

/** Decodes all of it; what ffmpeg complains of. */
async function complaints(input: string, seekS = 0): Promise<string> {
  const args = ['-v', 'error', '-nostdin', '-ss', String(seekS), '-i', input, '-f', 'null', '-'];
  return (await run('ffmpeg', args, { timeout: 60_000 })).stderr;
}

describe('a broadcast is recorded and replayed', () => {
  let platform: Platform;
  let room: TestRoom;
  let recording: Recording;
  const call = (path: string, init: RequestInit = {}) =>
    fetch(platform.url + path, {
      ...init,
      headers: { 'content-type': 'application/json', 'x-owner-token': room.ownerToken, ...init.headers },
    });
  const list = async () => (await (await call(`/api/rooms/${room.id}/recordings`)).json()) as Recording[];
  const ended = async (): Promise<void> => {
    const closed = await call(`/api/rooms/${room.id}/close`, { method: 'POST' });
    expect(closed.status).toBe(200);
    await until(async () => (await list())[0]?.state === 'ready', { timeoutMs: 30_000, what: 'the recording ready' });
  };
  const change = (body: unknown) =>
    call(`/api/recordings/${recording.id}`, { method: 'PATCH', body: JSON.stringify(body) });

  beforeAll(async () => {
    platform = await startPlatform(
      '--recording.default=always',
      '--recording.minFreeBytes=0',
      '--media.record.minFreeBytes=0',
    );
    room = await platform.createRoom('录像');
    await publishTestPicture(room.publishUrls.rtmp, { seconds: SECONDS }).succeeded();
    await ended();
    const [first] = await list();
    if (first === undefined) throw new Error('there is no recording');
    recording = first;
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  it('has the length of the broadcast, by its own word and by that of its files', async () => {
    expect(recording).toMatchObject({ published: false, parts: [{ n: 1 }] });
    expect(Math.abs(recording.durationMs / 1000 - SECONDS)).toBeLessThan(SLACK_S);
    expect(Math.abs(recording.startedAt - (recording.parts[0]?.epochMs ?? 0))).toBeLessThan(1);
    const folder = tempDir();
    try {
      const file = folder.file('download.mp4');
      const answer = await call(recording.downloadUrls[0] ?? '');
      expect(answer.headers.get('content-disposition')).toContain('attachment');
      writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
      const { durationS, codecs } = await probe(file);
      expect(codecs).toEqual(['aac', 'h264']);
      expect(Math.abs(durationS - recording.durationMs / 1000)).toBeLessThan(0.2);
      expect(await complaints(file)).toBe('');
    } finally {
      folder[Symbol.dispose]();
    }
  });

  it('is played by its playlist once it is published, from anywhere in it, and not after it was taken back', async () => {
    const address = platform.url + recording.replayUrl;
    const anonymous = async () => (await fetch(address)).status;
    expect(await anonymous()).toBe(404);
    await change({ published: true });
    expect(await anonymous()).toBe(200);
    const { durationS, codecs } = await probe(address);
    expect(codecs).toEqual(['aac', 'h264']);
    expect(Math.abs(durationS - recording.durationMs / 1000)).toBeLessThan(0.2);
    expect(await complaints(address)).toBe('');
    expect(await complaints(address, 6)).toBe('');
    const poster = await fetch(platform.url + (recording.poster ?? ''));
    expect([poster.status, poster.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    await change({ published: false });
    expect(await anonymous()).toBe(404);
    const gone = await call(`/api/recordings/${recording.id}`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    expect((await call(recording.replayUrl)).status).toBe(404);
  });

  it('goes on in a new file after its publisher came back, and its replay says when that was', async () => {
    room = await platform.createRoom('断线');
    await publishTestPicture(room.publishUrls.rtmp, { seconds: 3 }).succeeded();
    await until(async () => (await platform.room(room.id)).interrupted === true, {
      timeoutMs: 10_000,
      what: 'the gap',
    });
    await publishTestPicture(room.publishUrls.rtmp, { seconds: 3 }).succeeded();
    await ended();
    const all = await list();
    expect(all).toHaveLength(1);
    const [{ parts, durationMs, replayUrl } = recording] = all;
    expect(parts).toHaveLength(2);
    expect(durationMs).toBe(parts.reduce((sum, part) => sum + part.durationMs, 0));
    const [first, second] = parts;
    expect((second?.epochMs ?? 0) - (first?.epochMs ?? 0)).toBeGreaterThan(first?.durationMs ?? 0);
    const playlist = await (await call(replayUrl)).text();
    expect(playlist.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    expect(playlist.match(/#EXT-X-PROGRAM-DATE-TIME:/g)).toHaveLength(2);
  });
});
