import { monitorEventLoopDelay } from 'node:perf_hooks';
import { HubTotals } from '../hub/hub-totals.ts';
import { FFMPEG_KINDS, ffmpegJobs, type FfmpegKind } from '../transcode/ffmpeg-jobs.ts';

const NS_PER_MS = 1_000_000;
/** Of the timer that the delay is measured with: what is measured is at least this. */
const RESOLUTION_MS = 10;

export type FfmpegTotal = `started.${FfmpegKind}` | `failed.${FfmpegKind}`;
/** Counts that only grow, since the thread started. */
export type ThreadTotals = Record<keyof HubTotals | FfmpegTotal, number>;

/** What a thread, or the RTC process, says of itself once a second. */
export interface ThreadFigures {
  /** How late its event loop was at most since the figures before. */
  loopDelayMs: number;
  /** JavaScript objects. */
  heapBytes: number;
  /** ffmpegs that run now. */
  ffmpeg: Readonly<Record<FfmpegKind, number>>;
  totals: ThreadTotals;
}

/** Looks at its own thread. */
export class ThreadMeter {
  readonly totals = new HubTotals();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  /** Without `timesLoop` the delay stays 0. */
  constructor({ timesLoop = true }: { timesLoop?: boolean } = {}) {
    if (timesLoop) this.#delay.enable();
  }

  read(): ThreadFigures {
    const lateMs = this.#delay.count === 0 ? 0 : this.#delay.max / NS_PER_MS - RESOLUTION_MS;
    this.#delay.reset();
    const jobs = FFMPEG_KINDS.flatMap((kind) => [
      [`started.${kind}`, ffmpegJobs.started[kind]],
      [`failed.${kind}`, ffmpegJobs.failed[kind]],
    ]);
    return {
      loopDelayMs: Math.max(0, lateMs),
      heapBytes: process.memoryUsage().heapUsed,
      ffmpeg: { ...ffmpegJobs.running },
      totals: { ...this.totals, ...(Object.fromEntries(jobs) as Record<FfmpegTotal, number>) },
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
