import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recoverRecording } from '../record/recover.ts';
import { indexRecordedFile } from '../replay/index-file.ts';
import { convertVideo } from './convert.ts';
import { inspectVideo } from './inspect.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

function ffmpeg(...args: string[]): void {
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args]);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kaibo-import-'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25', '-f', 'lavfi', '-i', 'sine=440', '-t', '5'];
  const h264 = ['-c:v', 'libx264', '-g', '25', '-pix_fmt', 'yuv420p'];
  ffmpeg(...picture, ...h264, '-c:a', 'aac', file('plain.mp4'));
  ffmpeg('-i', file('plain.mp4'), '-c', 'copy', file('packets.ts'));
  ffmpeg('-i', file('plain.mp4'), '-c', 'copy', file('tags.flv'));
  ffmpeg('-i', file('plain.mp4'), '-c', 'copy', '-metadata:s:v:0', 'rotate=90', file('turned.mov'));
  ffmpeg('-i', file('plain.mp4'), '-c:v', 'libvpx', '-c:a', 'libopus', file('open.webm'));
  ffmpeg('-i', file('plain.mp4'), '-vn', '-c:a', 'copy', file('sound.mp4'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  { name: 'plain.mp4', container: 'mov', isPlainVideo: true, isPlainAudio: true, width: 160, height: 120 },
  { name: 'packets.ts', container: 'mpegts', isPlainVideo: true, isPlainAudio: true, width: 160, height: 120 },
  { name: 'tags.flv', container: 'flv', isPlainVideo: true, isPlainAudio: true, width: 160, height: 120 },
  { name: 'turned.mov', container: 'mov', isPlainVideo: false, isPlainAudio: true, width: 120, height: 160 },
  { name: 'open.webm', container: 'matroska', isPlainVideo: false, isPlainAudio: false, width: 160, height: 120 },
])('$name becomes what the recorder writes', async ({ name, ...expected }) => {
  const facts = await inspectVideo(file(name));
  expect(facts).toMatchObject(expected);
  const target = file(`of-${name}`);
  await convertVideo({ file: file(name), facts, folder: target, maxBytes: 10_000_000 });
  const { parts } = await recoverRecording(target);
  expect(parts).toMatchObject([{ n: 1, file: '001.mp4' }]);
  expect(Math.abs((parts[0]?.durationMs ?? 0) - 5000)).toBeLessThan(100);
  const { segments } = await indexRecordedFile(join(target, '001.mp4'));
  expect(segments.length).toBeGreaterThan(1);
  expect(segments.every(({ durationMs }) => durationMs <= 6000)).toBe(true);
});

test.each([
  ['list.mp4', '#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/x.ts\n', 'not_a_video'],
  ['list.avi', "ffconcat version 1.0\nfile '/etc/passwd'\n", 'not_a_video'],
  ['empty.mp4', '', 'not_a_video'],
  ['torn.mp4', '\0\0\0\x18ftypisom\0\0\0\0isom', 'video_unreadable'],
  // A container that names a playlist inside is read as the container that it is.
  ['inside.flv', 'FLV\x01\x05\0\0\0\x09\0\0\0\0#EXTM3U\nhttp://127.0.0.1:1/x.ts\n', 'video_unreadable'],
])('%s is refused', async (name, bytes, code) => {
  writeFileSync(file(name), Buffer.from(bytes, 'latin1'));
  await expect(inspectVideo(file(name))).rejects.toMatchObject({ code, message: expect.not.stringContaining(folder) });
});

test('sound alone is no video', async () => {
  await expect(inspectVideo(file('sound.mp4'))).rejects.toMatchObject({ code: 'no_video_track' });
});

test('what becomes too large is given up, and begun anew in an empty folder', async () => {
  const facts = await inspectVideo(file('plain.mp4'));
  const target = file('bounded');
  const order = { file: file('plain.mp4'), facts, folder: target, maxBytes: 5000 };
  await expect(convertVideo(order)).rejects.toMatchObject({ code: 'too_large' });
  writeFileSync(join(target, '002.mp4'), 'left by somebody');
  await convertVideo({ ...order, maxBytes: 10_000_000 });
  expect(readdirSync(target)).toEqual(['001.open.mp4']);
});

test('whoever gives up ends the program', async () => {
  const facts = await inspectVideo(file('open.webm'));
  const giveUp = new AbortController();
  const converting = convertVideo({
    ...{ file: file('open.webm'), facts, folder: file('given-up'), maxBytes: 10_000_000, signal: giveUp.signal },
  });
  giveUp.abort();
  await expect(converting).rejects.toThrow(/abort/i);
});
