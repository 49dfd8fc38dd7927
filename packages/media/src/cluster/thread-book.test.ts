import { describe, expect, test } from 'vitest';
import { ffmpegJobs } from '../transcode/ffmpeg-jobs.ts';
import { ThreadBook } from './thread-book.ts';
import { type ThreadFigures, ThreadMeter } from './thread-meter.ts';

/** Other tests of this process may have run an ffmpeg. */
const zeroed = <Names extends string>(counts: Readonly<Record<Names, number>>): Record<Names, number> =>
  Object.fromEntries(Object.keys(counts).map((name) => [name, 0])) as Record<Names, number>;
const { ffmpeg, totals } = new ThreadMeter({ timesLoop: false }).read();
const nothing: ThreadFigures = { loopDelayMs: 0, heapBytes: 1, ffmpeg: zeroed(ffmpeg), totals: zeroed(totals) };
const figures = (sentBytes: number, ladder = 0): ThreadFigures => ({
  ...nothing,
  ffmpeg: { ...nothing.ffmpeg, ladder },
  totals: { ...nothing.totals, sentBytes },
});

describe('ThreadBook', () => {
  test('adds what threads counted, and keeps it when one dies and counts from 0', () => {
    const book = new ThreadBook();
    book.report('worker-0', figures(100));
    book.report('worker-1', figures(10));
    book.report('worker-0', figures(150));
    expect(book.total('sentBytes')).toBe(160);
    book.lost('worker-0');
    book.report('worker-0', figures(5));
    expect(book.total('sentBytes')).toBe(165);
    book.close();
  });

  test('knows the ffmpegs of threads that live, and its own', () => {
    const book = new ThreadBook();
    book.report('worker-0', figures(0, 2));
    book.report('rtc', figures(0, 1));
    const [running, failed] = [ffmpegJobs.running.import, ffmpegJobs.failed.import];
    const over = ffmpegJobs.begin('import');
    expect(book.ffmpeg).toMatchObject({ ladder: ffmpegJobs.running.ladder + 3, import: running + 1 });
    over(false);
    over(true);
    book.lost('worker-0');
    expect(book.ffmpeg).toMatchObject({ ladder: ffmpegJobs.running.ladder + 1, import: running });
    expect(book.total('failed.import')).toBe(failed + 1);
    book.close();
  });

  test('tells of every report', () => {
    const book = new ThreadBook();
    const told: string[] = [];
    book.listen((thread, { loopDelayMs }) => void told.push(`${thread} ${loopDelayMs}`));
    book.report('worker-0', { ...nothing, loopDelayMs: 12 });
    expect(told).toEqual(['worker-0 12']);
    book.close();
  });
});
