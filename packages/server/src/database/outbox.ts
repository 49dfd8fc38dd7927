import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { StateCenter } from '../state/contract.ts';
import type { Database, Transaction } from './database.ts';

/** Rows appended in one go. */
const BATCH = 200;
/** How often rows are looked for that another node committed and did not live to append. */
const SWEEP_MS = 1000;

/** An event on a channel of the state center, as plain JSON data. */
export interface OutboxEvent {
  channel: string;
  event: string;
  data: unknown;
}

/** What a unit of work is given: its transaction, and how to say what happened. */
export interface Work {
  transaction: Transaction;
  /** Written in the same transaction; appended to the state center, in this order, after the commit. */
  emit(...events: OutboxEvent[]): Promise<void>;
}

/**
 * Every change of the truth goes through `transact`: the change and its events are committed together, and the relay
 * appends the events to the state center, each once, whenever and by whichever node that succeeds. Call `emit` after
 * the statement that locks the changed row, so that events of one subject keep the order of its commits.
 */
export class Outbox {
  readonly #database: Database;
  readonly #state: StateCenter;
  readonly #logger: Logger;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isStopped = false;

  constructor(deps: { database: Database; state: StateCenter; logger: Logger; now: () => number }) {
    this.#database = deps.database;
    this.#state = deps.state;
    this.#logger = deps.logger;
    this.#now = deps.now;
  }

  /** Commits `work` as one. What it throws is thrown on, and nothing of it remains. */
  async transact<Result>(work: (unit: Work) => Promise<Result>): Promise<Result> {
    let emitted = 0;
    const result = await this.#database.transaction().execute((transaction) =>
      work({
        transaction,
        emit: async (...events) => {
          if (events.length === 0) return;
          emitted += events.length;
          const rows = events.map(({ channel, event, data }) => ({
            id: randomUUID(),
            channel,
            event,
            data: JSON.stringify(data),
            created_at: this.#now(),
          }));
          await transaction.insertInto('outbox').values(rows).execute();
        },
      }),
    );
    if (emitted > 0) this.nudge();
    return result;
  }

  /** Begins the sweep; appends at once what an earlier process left. */
  start(): void {
    this.#timer = setInterval(() => this.nudge(), SWEEP_MS);
    this.#timer.unref();
    this.nudge();
  }

  /** There may be something to append. */
  nudge(): void {
    this.#isWanted = true;
    if (this.#isStopped) return;
    this.#running ??= this.#relay().finally(() => {
      this.#running = undefined;
      if (this.#isWanted) this.nudge();
    });
  }

  /** Resolves when everything that was committed before is appended, or appending failed. */
  async flush(): Promise<void> {
    this.nudge();
    while (this.#running !== undefined) await this.#running;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    this.#isStopped = true;
  }

  async #relay(): Promise<void> {
    this.#isWanted = false;
    try {
      for (;;) {
        const rows = await this.#database.selectFrom('outbox').selectAll().orderBy('seq').limit(BATCH).execute();
        if (rows.length === 0) return;
        for (const { id, channel, event, data, created_at: atMs } of rows) {
          await this.#state.append(channel, { id, event, data: JSON.parse(data) as unknown, atMs });
        }
        const done = rows.map(({ seq }) => seq);
        await this.#database.deleteFrom('outbox').where('seq', 'in', done).execute();
      }
    } catch (error) {
      // The rows stay and the sweep tries again: an event is late then, never lost.
      this.#logger.warn({ err: error }, 'committed events wait for the state center');
    }
  }
}
