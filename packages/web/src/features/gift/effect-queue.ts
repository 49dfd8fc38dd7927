/** Effects that wait; of more the least dear are left out. */
const MAX_WAITING = 10;

/** What an effect is shown of. `total` is coins. */
export interface Celebrated {
  total: number;
  combo: { id: string };
}

/** One effect at a time, the dearest of those that wait next. A combo is one effect, however often it goes on. */
export class EffectQueue<Gift extends Celebrated> {
  readonly #show: (gift: Gift | undefined) => void;
  #waiting: Gift[] = [];
  #shown: Gift | undefined;

  /** `show` is called with what is to be seen: the next one, the same one that went on, or nothing. */
  constructor(show: (gift: Gift | undefined) => void) {
    this.#show = show;
  }

  get isWaited(): boolean {
    return this.#waiting.length > 0;
  }

  add(gift: Gift): void {
    if (this.#shown?.combo.id === gift.combo.id) return this.#put(gift);
    const known = this.#waiting.findIndex(({ combo }) => combo.id === gift.combo.id);
    const total = gift.total + (this.#waiting[known]?.total ?? 0);
    if (known >= 0) this.#waiting.splice(known, 1);
    this.#waiting.push({ ...gift, total });
    this.#waiting.sort((one, other) => other.total - one.total);
    this.#waiting.length = Math.min(this.#waiting.length, MAX_WAITING);
    if (this.#shown === undefined) this.ended();
  }

  /** What was shown is over. */
  ended(): void {
    this.#put(this.#waiting.shift());
  }

  /** Nobody looks: what waits would come too late. */
  clear(): void {
    this.#waiting = [];
    this.#put(undefined);
  }

  #put(gift: Gift | undefined): void {
    this.#shown = gift;
    this.#show(gift);
  }
}
