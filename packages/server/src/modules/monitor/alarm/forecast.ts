const HOUR_MS = 3_600_000;
const EVERY_MS = 60_000;
/** What happened longer ago says little of what comes. */
const WINDOW_MS = 6 * HOUR_MS;
/** Before that a copy of one large file would be a trend. */
const LEAST_MS = HOUR_MS / 2;

/** When a disk will be full, if it fills on as it did within the last hours: a straight line through a sample a minute. */
export class DiskForecast {
  readonly #now: () => number;
  #samples: { atMs: number; freeBytes: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Hours until nothing is free; Infinity where it does not fill, undefined where not enough is known yet. */
  add(freeBytes: number | undefined): number | undefined {
    if (freeBytes === undefined) return undefined;
    const atMs = this.#now();
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= EVERY_MS) {
      this.#samples.push({ atMs, freeBytes });
      this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS && sample.atMs <= atMs);
    }
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < LEAST_MS) return undefined;
    const perMs = slopeOf(this.#samples, first);
    return perMs >= 0 ? Infinity : freeBytes / -perMs / HOUR_MS;
  }
}

/** Of the line with the least squares, in bytes per ms. */
function slopeOf(
  samples: readonly { atMs: number; freeBytes: number }[],
  first: { atMs: number; freeBytes: number },
): number {
  // Differences to the first, for squares of times since 1970 are beyond what a number holds.
  const points = samples.map(({ atMs, freeBytes }) => [atMs - first.atMs, freeBytes - first.freeBytes] as const);
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanAt, meanFree] = [mean(([at]) => at), mean(([, free]) => free)];
  const spread = mean(([at]) => (at - meanAt) ** 2);
  return spread === 0 ? 0 : mean(([at, free]) => (at - meanAt) * (free - meanFree)) / spread;
}
