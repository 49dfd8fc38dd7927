const DOWN = 0.75;
const UP = 1.15;
const LEAST_BPS = 200_000;
/** So long the last step down is given to show. */
const DOWN_EVERY_MS = 2000;
/** So long all must be well before a step up. */
const UP_AFTER_MS = 8000;

/** The bitrate that the network takes: down a step at a time while it is full, and slowly up again. */
export class BitrateSteps {
  #maxBps = 0;
  #currentBps = 0;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  get currentBps(): number {
    return this.#currentBps;
  }

  /** What is never exceeded; where it was reached, a new one is gone to at once. */
  limit(maxBps: number): void {
    if (maxBps === this.#maxBps) return;
    const wasAtMax = this.#currentBps === this.#maxBps;
    this.#maxBps = maxBps;
    this.#currentBps = wasAtMax ? maxBps : Math.min(this.#currentBps, maxBps);
  }

  /** Says how the network is now. */
  observe(isFull: boolean, nowMs: number): void {
    if (isFull) this.#fullAtMs = nowMs;
    if (isFull && nowMs - this.#changedAtMs >= DOWN_EVERY_MS) this.#step(DOWN, nowMs);
    else if (nowMs - Math.max(this.#fullAtMs, this.#changedAtMs) >= UP_AFTER_MS) this.#step(UP, nowMs);
  }

  #step(factor: number, nowMs: number): void {
    const least = Math.min(LEAST_BPS, this.#maxBps);
    this.#currentBps = Math.round(Math.min(this.#maxBps, Math.max(least, this.#currentBps * factor)));
    this.#changedAtMs = nowMs;
  }
}
