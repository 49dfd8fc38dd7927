/** How long a combo stays after its last gift. */
export const COMBO_MS = 5000;
const MAX_SHOWN = 3;
/** Combos that wait for a place; of more the least dear are left out. */
const MAX_WAITING = 20;

export interface Combo<Gift> {
  id: string;
  gift: Gift;
  count: number;
  /** Coins so far. */
  total: number;
  lastAtMs: number;
}

/**
 * The combos that are shown, the first to come first, and those that wait for one of the places. One that goes on
 * stays where it is; the dearest of those that wait is next.
 */
export class ComboList<Gift> {
  #shown: Combo<Gift>[] = [];
  #waiting: Combo<Gift>[] = [];

  get shown(): readonly Combo<Gift>[] {
    return this.#shown;
  }

  /** `nowMs` is the page's clock. */
  add(next: Omit<Combo<Gift>, 'lastAtMs'>, nowMs: number): void {
    const known = [...this.#shown, ...this.#waiting].find(({ id }) => id === next.id);
    if (known === undefined) this.#waiting.push({ ...next, lastAtMs: nowMs });
    // Two events of one combo may come in either order.
    else {
      known.count = Math.max(known.count, next.count);
      known.total += next.total;
      known.lastAtMs = nowMs;
    }
    this.tick(nowMs);
  }

  /** Nobody looks: what waits would come too late. */
  clear(): void {
    [this.#shown, this.#waiting] = [[], []];
  }

  /** Lets go of what was shown long enough, and shows the next. */
  tick(nowMs: number): void {
    this.#shown = this.#shown.filter(({ lastAtMs }) => nowMs - lastAtMs < COMBO_MS);
    this.#waiting.sort((one, other) => other.total - one.total);
    this.#waiting.length = Math.min(this.#waiting.length, MAX_WAITING);
    while (this.#shown.length < MAX_SHOWN) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#shown.push({ ...next, lastAtMs: nowMs });
    }
  }
}
