import { AppError } from '../../gateway/contract.ts';

/** Every gift locks the platform's account before it commits, so more at once would only hold connections and wait. */
const AT_ONCE = 4;
/** And the streamer's: one holds it, another gets as far as that. */
const AT_ONCE_OF_CHANNEL = 2;
const MOST_WAITING = 2000;
/** Who waited for longer has given up. */
const PATIENCE_MS = 10_000;

interface Waiting {
  sinceMs: number;
  enter(): void;
  refuse(error: AppError): void;
}

/**
 * The gifts that this node carries out at the same time. Without a bound, the gifts to one streamer would wait for each
 * other inside the database, each on a connection of the pool, until nobody else got one. Channels take turns.
 */
export class GiftLanes {
  /** By channel, never empty; the next one's first. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Under way, by channel. */
  readonly #busy = new Map<string, number>();
  #waitingCount = 0;
  #busyCount = 0;

  get waiting(): number {
    return this.#waitingCount;
  }

  /** @throws AppError overloaded; and what `work` throws */
  async run<Result>(channelId: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#isFree(channelId)) this.#occupy(channelId);
    else await this.#turn(channelId);
    try {
      return await work();
    } finally {
      this.#leave(channelId);
    }
  }

  #isFree(channelId: string): boolean {
    return this.#busyCount < AT_ONCE && (this.#busy.get(channelId) ?? 0) < AT_ONCE_OF_CHANNEL;
  }

  #occupy(channelId: string): void {
    this.#busyCount++;
    this.#busy.set(channelId, (this.#busy.get(channelId) ?? 0) + 1);
  }

  async #turn(channelId: string): Promise<void> {
    if (this.#waitingCount >= MOST_WAITING) throw new AppError('overloaded');
    this.#waitingCount++;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { sinceMs: performance.now(), enter: resolve, refuse: reject };
    const others = this.#waiting.get(channelId);
    if (others === undefined) this.#waiting.set(channelId, [waiting]);
    else others.push(waiting);
    return promise;
  }

  #leave(channelId: string): void {
    this.#busyCount--;
    const left = (this.#busy.get(channelId) ?? 0) - 1;
    if (left > 0) this.#busy.set(channelId, left);
    else this.#busy.delete(channelId);
    // A channel whose turn it was goes to the end of the map, where this loop comes to it again.
    for (const [id, queue] of this.#waiting) {
      if (this.#busyCount >= AT_ONCE) return;
      if (this.#isFree(id)) this.#admit(id, queue);
    }
  }

  #admit(channelId: string, queue: Waiting[]): void {
    this.#waiting.delete(channelId);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      this.#waitingCount--;
      if (performance.now() - next.sinceMs > PATIENCE_MS) {
        next.refuse(new AppError('overloaded'));
        continue;
      }
      this.#occupy(channelId);
      next.enter();
      break;
    }
    if (queue.length > 0) this.#waiting.set(channelId, queue);
  }
}
