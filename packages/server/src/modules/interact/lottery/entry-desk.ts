import type { Outbox } from '../../../database/outbox.ts';
import { AppError } from '../../gateway/contract.ts';
import type { LotteryMetrics } from './metrics.ts';
import type { Progress } from './progress.ts';
import type { Entered, Entrant, EntryRow, LotteryStore } from './store.ts';

/** Entries that go into the database as one. */
const BATCH = 500;
/** Of all lotteries on this node. */
const MOST_WAITING = 10_000;

interface Waiting {
  entrant: Entrant;
  done: PromiseWithResolvers<EntryRow>;
}

/** Takes entries in the order in which they come, those that come at the same time in one commit. */
export class EntryDesk {
  readonly #store: LotteryStore;
  readonly #outbox: Outbox;
  readonly #progress: Progress;
  readonly #metrics: LotteryMetrics;
  readonly #now: () => number;
  /** By lottery; an entry here has a run of `#work`. */
  readonly #queues = new Map<string, Waiting[]>();
  #waiting = 0;

  constructor(deps: {
    store: LotteryStore;
    outbox: Outbox;
    progress: Progress;
    metrics: LotteryMetrics;
    now: () => number;
  }) {
    this.#store = deps.store;
    this.#outbox = deps.outbox;
    this.#progress = deps.progress;
    this.#metrics = deps.metrics;
    this.#now = deps.now;
  }

  /** The entry, also when it is there already. @throws AppError lottery_not_found, lottery_closed, lottery_full, overloaded */
  enter(lotteryId: string, entrant: Entrant): Promise<EntryRow> {
    if (this.#waiting >= MOST_WAITING) throw new AppError('overloaded');
    this.#waiting++;
    const waiting: Waiting = { entrant, done: Promise.withResolvers<EntryRow>() };
    const queue = this.#queues.get(lotteryId);
    if (queue !== undefined) queue.push(waiting);
    else {
      this.#queues.set(lotteryId, [waiting]);
      void this.#work(lotteryId);
    }
    return waiting.done.promise;
  }

  async #work(lotteryId: string): Promise<void> {
    for (;;) {
      const batch = this.#queues.get(lotteryId)?.splice(0, BATCH) ?? [];
      if (batch.length === 0) break;
      this.#waiting -= batch.length;
      try {
        const results = await this.#commit(lotteryId, batch);
        for (const [index, { done }] of batch.entries()) settle(done, results[index]);
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    this.#queues.delete(lotteryId);
  }

  async #commit(id: string, batch: readonly Waiting[]): Promise<Entered[]> {
    const entrants = batch.map(({ entrant }) => entrant);
    const entered = await this.#outbox.transact(({ transaction }) =>
      this.#store.enter(transaction, { id, entrants, nowMs: this.#now() }),
    );
    if (entered === undefined) throw new AppError('lottery_not_found');
    if (entered.added > 0) this.#progress.note(entered.row);
    this.#metrics.entered(entered.added);
    return entered.results;
  }
}

function settle(done: Waiting['done'], result: Entered | undefined): void {
  if (typeof result === 'object') done.resolve(result);
  else done.reject(new AppError(result ?? 'internal'));
}
