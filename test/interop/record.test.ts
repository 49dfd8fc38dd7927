// Recordings by a real server of real broadcasts, judged by others.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { FlvDemuxer, type MediaPacket, packetFromTag, samplePayload } from '@kaibo/formats';
import type { MediaEvent, RecordedPart } from '@kaibo/media';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeErrors } from '../support/ffmpeg.ts';
import { flvHeader, flvTag, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type JudgedTrack, MP4_JUDGES } from '../support/mp4-judges.ts';
import { encodedTags, RtmpBroadcast } from '../support/rtmp-broadcast.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SECONDS = 16;
const PART_MS = 8000;
/** Half a frame of AAC at 44.1 kHz, and the rounding of a stamp. */
const AUDIO_TOLERANCE_MS = 12.2;

const folder = tempDir();
const workers: Worker[] = [];
const keep = (worker: Worker): void => void workers.push(worker);
let media: LocalMediaServer;
let tags: WireTag[];

beforeAll(async () => {
  process.on('worker', keep);
  media = await LocalMediaServer.start({ record: { partMinutes: PART_MS / 60_000 }, graceMs: 8000 });
  // Two seconds from key frame to key frame: fragments end inside, too.
  tags = await encodedTags({ seconds: SECONDS, gopFrames: 50, bframes: 2 });
});
afterAll(async () => {
  process.off('worker', keep);
  await media?.stop();
  folder[Symbol.dispose]();
});

type RecordingEvent = Extract<MediaEvent, { id: string }>;
const told = (id: string): RecordingEvent[] =>
  media.events.filter((event): event is RecordingEvent => 'id' in event && event.id === id);
const partsOf = (id: string): RecordedPart[] =>
  told(id).flatMap((event) => (event.type === 'recording_part' ? [event.part] : []));
const isEnded = (id: string): Promise<boolean> =>
  until(() => told(id).some(({ type }) => type === 'recording_ended'), { timeoutMs: 30_000, what: `the end of ${id}` });

function record(id: string, stream: string): Promise<boolean> {
  return until(() => media.server.startRecording({ app: 'live', stream }, { id, folder: folder.file(id) }));
}

/** Frames of the source, as MP4 has them. */
function sourceOf(kind: 'video' | 'audio', source: readonly WireTag[]): MediaPacket[] {
  const flv = Buffer.concat([flvHeader(), ...source.map((tag) => flvTag(tag))]);
  return new FlvDemuxer()
    .push(flv)
    .map((tag) => packetFromTag(tag))
    .filter((packet) => packet.kind === kind && !packet.config && !packet.end && !packet.metadata);
}

/** The files hold the source's frames, all of them, each at its time after the first picture's. */
function expectSource(parts: readonly RecordedPart[], tracks: readonly JudgedTrack[][]): void {
  for (const kind of ['video', 'audio'] as const) {
    const found = tracks.flatMap((each, index) =>
      (each.find((track) => track.kind === kind)?.samples ?? []).map((sample) => ({
        ...sample,
        ptsMs: sample.ptsMs + (parts[index]?.startMs ?? 0),
      })),
    );
    const source = sourceOf(kind, tags);
    expect(found.map(({ hash }) => hash)).toEqual(
      source.map((packet) => createHash('md5').update(samplePayload(packet)).digest('hex')),
    );
    const allowedMs = kind === 'video' ? 0.001 : AUDIO_TOLERANCE_MS;
    const moved = found.findIndex(({ ptsMs }, index) => Math.abs(ptsMs - (source[index]?.ptsMs ?? 0)) > allowedMs);
    expect(moved, `${kind} at ${found[moved]?.ptsMs}, not ${source[moved]?.ptsMs}`).toBe(-1);
  }
}

test('files hold every frame of the broadcast at its time, and last exactly as long', async () => {
  const publisher = await RtmpBroadcast.open(media.ports.rtmp, 'whole');
  await record('whole', 'whole');
  publisher.send(tags);
  const lastMs = Math.max(...sourceOf('video', tags).map(({ dtsMs }) => dtsMs));
  await until(() => (media.stream('whole')?.lastDtsMs ?? 0) >= lastMs, { timeoutMs: 20_000, what: `${lastMs} ms` });
  expect(media.server.recordings()).toMatchObject([{ id: 'whole', app: 'live', stream: 'whole' }]);
  publisher.close();
  await media.isState('whole', 'interrupted');
  expect(media.server.stopRecording('whole')).toBe(true);
  await isEnded('whole');
  expect(media.server.stopRecording('whole')).toBe(false);
  const parts = partsOf('whole');
  expect(parts.map(({ durationMs }) => durationMs)).toEqual([PART_MS, SECONDS * 1000 - PART_MS]);
  expect(parts.map(({ startMs }) => startMs)).toEqual([0, PART_MS]);
  expect(told('whole').at(-1)).toMatchObject({ reason: 'stopped' });
  const paths = parts.map(({ file }) => join(folder.file('whole'), file));
  for (const { judge } of MP4_JUDGES)
    expectSource(parts, await Promise.all(paths.map((path) => judge(new Uint8Array(readFileSync(path))))));
  for (const path of paths) expect(await decodeErrors(path)).toBe('');
});

test('a recording goes on when the worker that wrote it dies, in a new file, with the publisher that comes back', async () => {
  const first = await RtmpBroadcast.open(media.ports.rtmp, 'moved');
  await record('moved', 'moved');
  const beginning = tags.filter(({ timestamp }) => timestamp < 6000);
  first.send(beginning);
  await until(() => (media.server.recordings()[0]?.durationMs ?? 0) >= 4000, { timeoutMs: 20_000 });
  // The time from which its next owner goes on is the last one reported.
  await until(() => (media.stream('moved')?.lastDtsMs ?? 0) >= 5900, { timeoutMs: 20_000, what: 'a report' });
  // Which of them owns the stream is not told: the one whose death interrupts it.
  for (const worker of workers.slice(-2)) {
    if (media.stream('moved')?.state !== 'publishing') break;
    await worker.terminate();
    await until(() => media.server.health().workersUp === 2, { timeoutMs: 20_000 });
  }
  await media.isState('moved', 'interrupted');
  first.close();
  const second = await until(() => RtmpBroadcast.open(media.ports.rtmp, 'moved'), { timeoutMs: 20_000 });
  second.send(beginning);
  await until(() => partsOf('moved').length === 1, { timeoutMs: 20_000, what: 'the part of the dead worker' });
  second.close();
  media.server.endStream('live', 'moved');
  await isEnded('moved');
  const parts = partsOf('moved');
  expect(parts).toMatchObject([{ n: 1 }, { n: 2 }]);
  // What the thread had not cut is lost with it: less than two seconds.
  expect(parts[0]?.durationMs).toBeGreaterThan(4000);
  expect(parts[1]?.durationMs).toBeGreaterThanOrEqual(5960);
  expect(parts[1]?.startMs).toBeGreaterThan(parts[0]?.durationMs ?? 0);
  expect(told('moved').map(({ type }) => type)).toEqual([
    'recording_started',
    'recording_part',
    'recording_part',
    'recording_ended',
  ]);
  for (const { file } of parts) expect(await decodeErrors(join(folder.file('moved'), file))).toBe('');
});

test.each([
  ['../escape', '/tmp/x'],
  ['a/b', '/tmp/x'],
  ['', '/tmp/x'],
  ['x'.repeat(65), '/tmp/x'],
  ['fine', 'relative/folder'],
  ['fine', '/tmp/\0x'],
])('the id %j with the folder %j is refused', async (id, path) => {
  const publisher = await RtmpBroadcast.open(media.ports.rtmp, 'named');
  await until(() => media.stream('named')?.state === 'publishing');
  expect(media.server.startRecording({ app: 'live', stream: 'named' }, { id, folder: path })).toBe(false);
  expect(media.server.startRecording({ app: 'live', stream: '../named' }, { id: 'ok', folder: '/tmp/x' })).toBe(false);
  publisher.close();
  media.server.endStream('live', 'named');
});
