import { segmentFits } from './delay.ts';
import type { DelaySegment } from './delay.ts';

const MOST_WORKERS = 8;

/** What checks one part at a time: a worker. */
export interface SegmentRunner {
  /** Rejects when it cannot. */
  check(segment: DelaySegment): Promise<boolean>;
  close(): void;
}

/** How many run side by side on a machine with so many cores. */
export function runnersFor(cores: number | undefined, segments: number): number {
  return Math.max(1, Math.min(cores ?? 1, MOST_WORKERS, segments));
}

/**
 * Checks all parts, each by whichever runner is free, and tells which part, from 1 on, was found not to fit, or
 * undefined; `progress` hears from 0 to 1 how many are done. A runner that fails leaves its part to this thread.
 */
export async function checkSegments(
  segments: readonly DelaySegment[],
  {
    cores,
    createRunner,
    progress,
  }: { cores: number | undefined; createRunner: () => SegmentRunner; progress: (done: number) => void },
): Promise<number | undefined> {
  const waiting = segments.entries();
  let wrong: number | undefined;
  let done = 0;
  const work = async (runner: SegmentRunner): Promise<void> => {
    for (const [index, segment] of waiting) {
      const fits = await runner.check(segment).catch(() => segmentFits(segment));
      if (!fits) wrong ??= index + 1;
      if (wrong !== undefined) return;
      done += 1;
      progress(done / segments.length);
    }
  };
  const runners = Array.from({ length: runnersFor(cores, segments.length) }, createRunner);
  try {
    await Promise.all(runners.map(work));
  } finally {
    for (const runner of runners) runner.close();
  }
  return wrong;
}

export function workerRunner(): SegmentRunner {
  const worker = new Worker(new URL('./segment-worker.ts', import.meta.url), { type: 'module' });
  return {
    check: (segment) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<boolean>) => resolve(data);
        worker.onerror = () => reject(new Error('a worker does not run'));
        worker.postMessage(segment);
      }),
    close: () => worker.terminate(),
  };
}
