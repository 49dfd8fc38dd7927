/** Most pieces of one order; the server takes no more. */
const MAX_COUNT = 9999;
/** An answer that got lost may be asked for again by the same key. */
const MAX_TRIES = 3;

export interface SendingOptions<Gift, Answer> {
  /** One order. The same `key` is the same order, however often it is sent. */
  send(gift: Gift, count: number, key: string): Promise<Answer>;
  /** Whether it is not known if the order was taken. */
  isUnsure(error: unknown): boolean;
  onSent(answer: Answer): void;
  onRefused(error: unknown): void;
  newKey(): string;
}

/**
 * Orders of somebody who presses faster than the server answers: one is under way, and presses meanwhile are added up
 * to one more of each gift, so that hardly anything waits and nothing is sent twice.
 */
export class Sending<Gift extends { id: string }, Answer> {
  readonly #options: SendingOptions<Gift, Answer>;
  /** By gift, in the order of their first presses. */
  readonly #waiting = new Map<string, { gift: Gift; count: number }>();
  #isBusy = false;

  constructor(options: SendingOptions<Gift, Answer>) {
    this.#options = options;
  }

  /** What is more than an order holds is left out. */
  press(gift: Gift, count: number): void {
    const before = this.#waiting.get(gift.id)?.count ?? 0;
    this.#waiting.set(gift.id, { gift, count: Math.min(before + count, MAX_COUNT) });
    void this.#work();
  }

  /** What is under way is not taken back. */
  stop(): void {
    this.#waiting.clear();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (;;) {
      const [next] = this.#waiting.values();
      if (next === undefined) break;
      this.#waiting.delete(next.gift.id);
      await this.#order(next.gift, next.count);
    }
    this.#isBusy = false;
  }

  async #order(gift: Gift, count: number): Promise<void> {
    const { send, isUnsure, onSent, onRefused, newKey } = this.#options;
    const key = newKey();
    for (let attempt = 1; ; attempt++) {
      try {
        return onSent(await send(gift, count, key));
      } catch (error) {
        if (attempt < MAX_TRIES && isUnsure(error)) continue;
        // Whoever could not pay for this one cannot pay for the next.
        this.#waiting.clear();
        return onRefused(error);
      }
    }
  }
}
