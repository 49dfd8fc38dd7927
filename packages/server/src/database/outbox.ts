import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { StateCenter } from '../state/contract.ts';
import { auditAs, auditedIn } from './audit.ts';
import type { Database, Transaction } from './database.ts';
import type { NewLogEntry } from './log-entries.ts';
import { NO_TRACER, type Tracer } from '../http/trace.ts';
import { DatabaseUnavailableError } from './errors.ts';
import { measureOutbox, type OutboxUse } from './metrics.ts';
import { OutboxRelay } from './relay.ts';

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
  /**
   * What is told on its channel in another way, for whom the tap keeps it: `make` is called only when there is somebody.
   */
  note(event: string, make: () => OutboxEvent[]): Promise<void>;
}

/** An event as it was committed. */
export interface CommittedEvent {
  id: string;
  channel: string;
  event: string;
  /** JSON. */
  data: string;
  /** ms since the epoch. */
  created_at: number;
}

/** Somebody who keeps events for purposes of their own, in the transaction in which they happen. */
export interface OutboxTap {
  /** What it throws undoes the whole work. It takes no locks that events of another subject may hold. */
  write(transaction: Transaction, events: readonly CommittedEvent[]): Promise<void>;
  /** Whether anybody keeps events of this name. Left out, nobody keeps any but those that are emitted. */
  wants?(transaction: Transaction, event: string): Promise<boolean>;
  /** Work with events was committed. */
  committed(): void;
}

export interface OutboxDeps {
  database: Database;
  logger: Logger;
  now: () => number;
  /** What operators call this one; left out, as the machine is called. */
  node?: string;
  /** Left out by the command line, which commits only: the platform that runs appends within a second. */
  state?: StateCenter;
  /** Left out, nothing is traced. */
  tracer?: Tracer;
}

/**
 * Every change of the truth goes through `transact`: the change and its events are committed together, and the relay
 * appends the events to the state center, each once, whenever and by whichever node that succeeds. Call `emit` after
 * the statement that locks the changed row, so that events of one subject keep the order of its commits.
 */
export class Outbox {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #tracer: Tracer;
  readonly #node: string | undefined;
  readonly #relay: OutboxRelay | undefined;
  #tap: OutboxTap | undefined;
  #audited: ((entries: readonly NewLogEntry[]) => void) | undefined;

  constructor({ state, ...deps }: OutboxDeps) {
    this.#database = deps.database;
    this.#now = deps.now;
    this.#node = deps.node;
    this.#tracer = deps.tracer ?? NO_TRACER;
    this.#relay = state === undefined ? undefined : new OutboxRelay({ ...deps, state });
  }

  /** From now on; there is one at most. */
  tap(tap: OutboxTap): void {
    this.#tap = tap;
  }

  /** Told of what was audited, once it is committed; there is one at most, and it must not throw. */
  onAudited(listener: (entries: readonly NewLogEntry[]) => void): void {
    this.#audited = listener;
  }

  /** Commits `work` as one. What it throws is thrown on, and nothing of it remains. */
  transact<Result>(work: (unit: Work) => Promise<Result>): Promise<Result> {
    return this.#tracer.span('transaction', {}, () => this.#transact(work));
  }

  async #transact<Result>(work: (unit: Work) => Promise<Result>): Promise<Result> {
    let emitted = 0;
    let noted = 0;
    let audited: readonly NewLogEntry[] = [];
    const result = await this.#database.transaction().execute(async (transaction) => {
      if (this.#node !== undefined) auditAs(transaction, this.#node);
      const answer = await work({
        transaction,
        emit: async (...events) => {
          if (events.length === 0) return;
          emitted += events.length;
          const rows = events.map((event) => this.#row(event));
          await transaction.insertInto('outbox').values(rows).execute();
          await this.#tap?.write(transaction, rows);
        },
        note: async (event, make) => {
          if ((await this.#tap?.wants?.(transaction, event)) !== true) return;
          const rows = make().map((one) => this.#row(one));
          noted += rows.length;
          await this.#tap?.write(transaction, rows);
        },
      });
      audited = auditedIn(transaction);
      return answer;
    });
    if (audited.length > 0) this.#audited?.(audited);
    if (emitted > 0) this.#relay?.nudge();
    if (emitted + noted > 0) this.#tap?.committed();
    return result;
  }

  #row({ channel, event, data }: OutboxEvent): CommittedEvent {
    return { id: randomUUID(), channel, event, data: JSON.stringify(data), created_at: this.#now() };
  }

  measure(registry: Registry): void {
    measureOutbox(registry, { use: () => this.#use(), appended: () => this.#relay?.appended ?? 0, now: this.#now });
  }

  async #use(): Promise<OutboxUse | undefined> {
    try {
      const ofAll = sql<number>`count(*)`.as('count');
      const waits = this.#database
        .selectFrom('outbox')
        .select([ofAll, sql<number | null>`min(created_at)`.as('oldest')]);
      const { count, oldest } = await waits.executeTakeFirstOrThrow();
      const rejected = await this.#database.selectFrom('outbox_rejected').select(ofAll).executeTakeFirstOrThrow();
      return { waiting: count, oldestAtMs: oldest ?? undefined, rejected: rejected.count };
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) return undefined;
      throw error;
    }
  }

  /** Begins to append, with what an earlier process left. */
  start(): void {
    this.#relay?.start();
  }

  /** Resolves when everything that was committed before is appended, or appending failed, or took too long. */
  async flush(): Promise<void> {
    await this.#relay?.flush();
  }

  /** Appends what it can in a moment, then ends. Idempotent. */
  async stop(): Promise<void> {
    await this.#relay?.stop();
  }
}
