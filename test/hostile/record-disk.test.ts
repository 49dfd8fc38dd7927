// A disk that is full, or fails, costs the recording: the broadcast goes on.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MediaEvent, RoomRequest } from '@kaibo/media';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeErrors } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { encodedTags, RtmpBroadcast } from '../support/rtmp-broadcast.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const MEBI = 1024 * 1024;

const folder = tempDir();
const mounts: string[] = [];
const asked: RoomRequest[] = [];
let media: LocalMediaServer;
let tags: WireTag[];
/** An older recording: what is deleted for the one that asks for room and may have it. */
const old = new Map<string, string>();

/** A file system of its own; undefined where this user may not mount one. */
function smallDisk(name: string, megabytes: number): string | undefined {
  const path = folder.file(name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounts.push(path);
  return path;
}

beforeAll(async () => {
  media = await LocalMediaServer.start({
    makeRoom: async (request) => {
      asked.push(request);
      const path = request.reason === 'disk_full' ? old.get(request.id) : undefined;
      if (path !== undefined) rmSync(path, { force: true });
      return undefined;
    },
  });
  tags = await encodedTags({ seconds: 4, videoBps: 8_000_000 });
});
afterAll(async () => {
  await media?.stop();
  for (const path of mounts) execFileSync('umount', [path]);
  folder[Symbol.dispose]();
});

type Ended = Extract<MediaEvent, { type: 'recording_ended' }>;
const ended = (id: string): Ended | undefined =>
  media.events.find((event): event is Ended => event.type === 'recording_ended' && event.id === id);

/** Broadcasts, records, and hands over when the recording has ended: the viewer must have noticed nothing. */
async function recordUntilEnd(id: string, recording: { folder: string; quotaBytes?: number; minFreeBytes?: number }) {
  const publisher = await RtmpBroadcast.open(media.ports.rtmp, id);
  expect(media.server.startRecording({ app: 'live', stream: id }, { id, ...recording })).toBe(true);
  publisher.play(tags);
  const player = await HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${id}.flv` });
  const end = await until(() => ended(id), { timeoutMs: 60_000, what: `the end of ${id}` });
  const seen = player.flv.tags.length;
  await until(() => player.flv.tags.length > seen + 100, { what: 'the viewer of a stream whose recording ended' });
  publisher.close();
  player.close();
  media.server.endStream('live', id);
  const parts = media.events.flatMap((event) =>
    event.type === 'recording_part' && event.id === id ? [join(recording.folder, event.part.file)] : [],
  );
  for (const file of parts) expect(await decodeErrors(file)).toBe('');
  return { end, parts, asked: asked.filter((request) => request.id === id) };
}

test.concurrent('a full disk ends the recording after asking for room; what was written plays, and live goes on', async () => {
  // Where nothing may be mounted a quota stands for the disk.
  const disk = smallDisk('full', 4);
  const recording = { folder: `${disk ?? folder.path}/full`, ...(disk ? {} : { quotaBytes: 3 * MEBI }) };
  const outcome = await recordUntilEnd('full', recording);
  expect(outcome.end.reason).toBe(disk ? 'disk_full' : 'quota');
  expect(outcome.parts).toHaveLength(1);
  expect(outcome.asked.map(({ reason }) => reason)).toEqual([outcome.end.reason]);
});

test.concurrent('a recording ends when the reserve of its disk is reached', async () => {
  const disk = smallDisk('reserve', 8);
  const minFreeBytes = disk ? 4 * MEBI : Number.MAX_SAFE_INTEGER;
  const outcome = await recordUntilEnd('reserve', { folder: `${disk ?? folder.path}/reserve`, minFreeBytes });
  expect(outcome.end.reason).toBe('disk_full');
  expect(outcome.asked[0]).toMatchObject({ reason: 'disk_full', app: 'live', stream: 'reserve' });
  // It is told of while there is something left to go on with.
  expect(outcome.asked[0]?.freeBytes).toBeGreaterThan(0);
});

test.concurrent('when older recordings are deleted it goes on, up to its quota', async () => {
  // The quota is reached before the disk is really full, however late the machine is.
  const disk = smallDisk('room', 16);
  const path = disk ?? folder.file('room');
  mkdirSync(path, { recursive: true });
  old.set('room', join(path, 'old.mp4'));
  writeFileSync(join(path, 'old.mp4'), Buffer.alloc(11 * MEBI));
  const minFreeBytes = disk ? 4 * MEBI : 0;
  const outcome = await recordUntilEnd('room', { folder: `${path}/room`, minFreeBytes, quotaBytes: 4 * MEBI });
  expect(outcome.end.reason).toBe('quota');
  expect(outcome.asked.map(({ reason }) => reason)).toEqual(disk ? ['disk_full', 'quota'] : ['quota']);
  expect(outcome.asked.at(-1)?.sizeBytes).toBeGreaterThan(3 * MEBI);
});

test.concurrent('a folder that cannot be written ends the recording with a reason', async () => {
  const file = folder.file('file');
  writeFileSync(file, '');
  const publisher = await RtmpBroadcast.open(media.ports.rtmp, 'blocked');
  media.server.startRecording({ app: 'live', stream: 'blocked' }, { id: 'blocked', folder: `${file}/inside` });
  publisher.play(tags);
  expect(await until(() => ended('blocked'), { timeoutMs: 30_000 })).toMatchObject({ reason: 'write_error' });
  expect(media.server.recordings().map(({ id }) => id)).not.toContain('blocked');
  publisher.close();
});
