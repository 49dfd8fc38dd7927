import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audioTrackOf, videoTrackOf } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frames } from '../testing/broadcast.ts';
import { h264Config } from '../testing/h264.ts';
import { audioConfig } from '../testing/packets.ts';
import { PartMuxer } from './part-muxer.ts';
import { recoverRecording } from './recover.ts';
import { scanPart } from './scan.ts';
import { encodeWallClock, parseWallClock, WALL_CLOCK_BYTES } from './wall-clock.ts';

const EPOCH_MS = Date.UTC(2026, 10, 26, 12);

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'kaibo-recover-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A file of four fragments of a second, in pieces: its head, then each fragment. */
function recorded(): Buffer[] {
  const tracks = { video: videoTrackOf(h264Config(0)), audio: audioTrackOf(audioConfig(0)) };
  const muxer = new PartMuxer({ tracks, startMs: 5000, epochMs: EPOCH_MS });
  const pieces = frames({ fromMs: 5000, ms: 4000 }).flatMap((packet) => muxer.push(packet) ?? []);
  const rest = muxer.finish(9000);
  return [Buffer.from(muxer.init), ...[...pieces, ...(rest ? [rest] : [])].map(({ bytes }) => Buffer.concat(bytes))];
}

const lengthOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

describe('what a crash leaves', () => {
  it('is cut to its last whole fragment, wherever it broke off', async () => {
    const pieces = recorded();
    const whole = Buffer.concat(pieces);
    const [head = Buffer.alloc(0)] = pieces;
    for (let size = 0; size <= whole.length; size += 97) {
      await writeFile(join(folder, '001.open.mp4'), whole.subarray(0, size));
      const { parts } = await recoverRecording(folder);
      const count = pieces.findLastIndex((_, index) => lengthOf(pieces.slice(0, index + 1)) <= size);
      if (count < 1) {
        expect([parts, await readdir(folder)]).toEqual([[], []]);
        continue;
      }
      const sizeBytes = lengthOf(pieces.slice(0, count + 1));
      expect(parts).toEqual([
        { n: 1, file: '001.mp4', startMs: 0, epochMs: EPOCH_MS, durationMs: count * 1000, sizeBytes },
      ]);
      expect(await readFile(join(folder, '001.mp4'))).toEqual(whole.subarray(0, sizeBytes));
      await rm(join(folder, '001.mp4'));
    }
    expect(head.length).toBeGreaterThan(0);
  });

  it('is timed by the index, passing over a line that broke off; without one by the clock in the files', async () => {
    const whole = Buffer.concat(recorded());
    for (const name of ['001.mp4', '002.open.mp4', 'notes.txt', 'x.mp4', '1.mp4'])
      await writeFile(join(folder, name), whole);
    const untimed = await recoverRecording(folder);
    expect(untimed.parts.map(({ n, startMs, epochMs }) => [n, startMs, epochMs])).toEqual([
      [1, 0, EPOCH_MS],
      [2, 0, EPOCH_MS],
    ]);
    const lines = [
      { type: 'part', n: 1, file: '001.mp4', startMs: 700, epochMs: EPOCH_MS + 1 },
      { type: 'part', n: 'two', file: '002.mp4', startMs: 9, epochMs: 9 },
    ];
    await writeFile(
      join(folder, 'index.jsonl'),
      `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"type":"pa`,
    );
    const { parts } = await recoverRecording(folder);
    expect(parts.map(({ startMs, epochMs }) => [startMs, epochMs])).toEqual([
      [700, EPOCH_MS + 1],
      [699, EPOCH_MS],
    ]);
  });

  it('may be anything: nothing is thrown, and nothing is read past the end', async () => {
    const whole = Buffer.concat(recorded());
    const path = join(folder, 'any');
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole.subarray(0, 1 + ((round * 7919) % whole.length)));
      for (let flip = 0; flip < 4; flip++)
        bytes.writeUInt8((round * 31 + flip * 101) & 0xff, (round * 37 + flip * 53) % bytes.length);
      await writeFile(path, bytes);
      const file = await open(path);
      const part = await scanPart(file);
      await file.close();
      expect(part?.wholeBytes ?? 0).toBeLessThanOrEqual(bytes.length);
    }
  });

  it('a folder that is not there holds nothing', async () => {
    expect(await recoverRecording(join(folder, 'none'))).toEqual({ parts: [] });
  });
});

it('the wall clock of a fragment, as ISO/IEC 14496-12 has it', () => {
  const clock = { trackId: 1, epochMs: EPOCH_MS + 500, ticks: 2 ** 33 + 5 };
  const box = Buffer.from(encodeWallClock(clock));
  expect(box.toString('hex', 0, 16)).toBe('00000020' + '70726674' + '01000008' + '00000001');
  expect(box.toString('hex', 20)).toBe('80000000' + '0000000200000005');
  expect(box.readUInt32BE(16)).toBe(EPOCH_MS / 1000 + 2_208_988_800);
  expect(box).toHaveLength(WALL_CLOCK_BYTES);
  expect(parseWallClock(box)).toEqual(clock);
});
