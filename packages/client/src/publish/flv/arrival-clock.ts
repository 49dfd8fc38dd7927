/** The least delay of this long, and of as long before, counts. */
const WINDOW_MS = 2000;
/** While it learns, it goes straight to the least delay seen. */
const LEARNING_MS = 1000;
/** Afterwards by so much a sample, so that nobody hears or sees it. */
const STEP_MS = 0.5;
/** Further off is no drift: the source's clock was set. */
const JUMP_MS = 250;

/**
 * Puts a source's timestamps on the page's own clock (`performance.now()`), which all sources of one stream then share:
 * Chrome gives sound in the page's time, cameras in the machine's, and a canvas begins at 0. A timestamp and its
 * arrival differ by a constant and the delay on the way, and the least delay seen is the constant.
 */
export class ArrivalClock {
  #offsetMs: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #beganMs = 0;
  #windowMs = 0;
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;

  /** `timestampMs` by the source's clock, `nowMs` by the page's. Returns the timestamp by the page's. */
  place(timestampMs: number, nowMs: number): number {
    if (timestampMs < this.#lastMs - JUMP_MS) this.#offsetMs = undefined;
    this.#lastMs = timestampMs;
    const delayMs = nowMs - timestampMs;
    const before = this.#offsetMs;
    const target = before === undefined ? this.#begin(delayMs, nowMs) : this.#leastDelay(delayMs, nowMs);
    const learns = before === undefined || nowMs - this.#beganMs < LEARNING_MS || Math.abs(target - before) > JUMP_MS;
    const offsetMs = learns ? target : before + Math.max(-STEP_MS, Math.min(STEP_MS, target - before));
    this.#offsetMs = offsetMs;
    return timestampMs + offsetMs;
  }

  #begin(delayMs: number, nowMs: number): number {
    this.#beganMs = nowMs;
    this.#windowMs = nowMs;
    this.#least = delayMs;
    this.#leastBefore = Number.POSITIVE_INFINITY;
    return delayMs;
  }

  #leastDelay(delayMs: number, nowMs: number): number {
    if (nowMs - this.#windowMs > WINDOW_MS) {
      this.#leastBefore = this.#least;
      this.#least = delayMs;
      this.#windowMs = nowMs;
    }
    this.#least = Math.min(this.#least, delayMs);
    return Math.min(this.#least, this.#leastBefore);
  }
}
