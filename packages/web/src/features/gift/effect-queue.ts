/** Effects that wait; of more the least dear are left out. */
const MAX_WAITING = 10;

/** One effect at a time, the dearest of those that wait next. */
export class EffectQueue<Gift extends { total: number }> {
  readonly #show: (gift: Gift | undefined) => void;
  #waiting: Gift[] = [];
  #isShowing = false;

  constructor(show: (gift: Gift | undefined) => void) {
    this.#show = show;
  }

  add(gift: Gift): void {
    this.#waiting.push(gift);
    this.#waiting.sort((one, other) => other.total - one.total);
    this.#waiting.length = Math.min(this.#waiting.length, MAX_WAITING);
    if (!this.#isShowing) this.ended();
  }

  /** What was shown is over. */
  ended(): void {
    const next = this.#waiting.shift();
    this.#isShowing = next !== undefined;
    this.#show(next);
  }
}
