import { setTimeout as delay } from 'node:timers/promises';
import type { Selectable } from 'kysely';
import type { Logger } from 'pino';
import { NO_TRACER, type Tracer } from '../http/trace.ts';
import { StateUnavailableError, type StateCenter } from '../state/contract.ts';
import type { Database } from './database.ts';
import { DatabaseUnavailableError, reasonOf } from './errors.ts';
import type { OutboxTable } from './schema.ts';

/** Rows read and appended in one go. */
const BATCH = 200;
/** How often rows are looked for that another process committed and did not append. */
const SWEEP_MS = 1000;
/** Rows read longer ago may have been appended and forgotten by others: they are read again. */
const FRESH_MS = 2000;
/** Pauses of an outage: growing, from and up to. */
const RETRY_FROM_MS = 100;
const RETRY_TO_MS = 5000;
/** Tries after which an event that the state center refuses, being there, is set aside. */
const REFUSALS = 3;
/** Channels that may wait at one time for such an event; with more, everything waits. */
const BLOCKED_CHANNELS = 100;
const FLUSH_MS = 3000;

type Row = Selectable<OutboxTable>;

/** What came of appending the rows of one channel. */
interface Outcome {
  done: Row[];
  /** The row at which it stopped, and why. */
  failed?: { row: Row; error: unknown };
}

/**
 * Appends committed events to the state center. Several nodes may do so at once: the order within a channel holds
 * because each appends an event only after all before it, and the state center knows those that it has by their ids.
 * An event that can never be appended is moved to `outbox_rejected`, so that it holds up its own channel only, and
 * only for a few tries.
 */
export class OutboxRelay {
  readonly #database: Database;
  readonly #state: StateCenter;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #tracer: Tracer;
  /** How often each event was refused; of at most BLOCKED_CHANNELS, one a channel. */
  readonly #refusals = new Map<string, number>();
  #sweep: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pauseMs = RETRY_FROM_MS;
  #failingSinceMs: number | undefined;
  #running: Promise<void> | undefined;
  #appended = 0;
  #isWanted = false;
  #isStopped = false;

  constructor(deps: { database: Database; state: StateCenter; logger: Logger; now: () => number; tracer?: Tracer }) {
    this.#database = deps.database;
    this.#state = deps.state;
    this.#logger = deps.logger;
    this.#now = deps.now;
    this.#tracer = deps.tracer ?? NO_TRACER;
    deps.state.onHealth(({ ok }) => {
      if (ok && this.#retry !== undefined) this.#tryNow();
    });
  }

  /** Events that this process has appended. */
  get appended(): number {
    return this.#appended;
  }

  start(): void {
    this.#sweep = setInterval(() => this.nudge(), SWEEP_MS);
    this.#sweep.unref();
    this.nudge();
  }

  /** There may be something to append. In an outage it waits for the next try. */
  nudge(): void {
    if (this.#retry === undefined) this.#tryNow();
  }

  async flush(): Promise<void> {
    this.#tryNow();
    const late = new AbortController();
    await Promise.race([this.#drained(), delay(FLUSH_MS, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    if (!this.#isStopped) await this.flush();
    this.#isStopped = true;
    clearTimeout(this.#retry);
  }

  #tryNow(): void {
    this.#isWanted = true;
    if (this.#isStopped) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        await this.#relay();
        this.#recovered();
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  /** Until nothing is left. @throws what stopped it; the rows stay. */
  async #relay(): Promise<void> {
    const blocked = new Set<string>();
    let refusal: unknown;
    while (!this.#isStopped) {
      const rows = await this.#read(blocked);
      if (rows.length === 0) break;
      const readAtMs = performance.now();
      const channels = [...Map.groupBy(rows, ({ channel }) => channel).values()];
      const outcomes = await this.#tracer.begin('outbox append', { 'kaibo.events': rows.length }, () =>
        Promise.all(channels.map((ofChannel) => this.#append(ofChannel, readAtMs))),
      );
      await this.#forget(outcomes.flatMap(({ done }) => done));
      for (const { failed } of outcomes) {
        if (failed === undefined) continue;
        if (isOutage(failed.error)) throw failed.error;
        if (await this.#setAside(failed.row, failed.error)) continue;
        blocked.add(failed.row.channel);
        refusal = failed.error;
      }
    }
    if (refusal !== undefined) throw refusal;
  }

  async #read(blocked: ReadonlySet<string>): Promise<Row[]> {
    if (blocked.size >= BLOCKED_CHANNELS) return [];
    let query = this.#database.selectFrom('outbox').selectAll().orderBy('seq').limit(BATCH);
    if (blocked.size > 0) query = query.where('channel', 'not in', [...blocked]);
    return query.execute();
  }

  async #append(rows: readonly Row[], readAtMs: number): Promise<Outcome> {
    const done: Row[] = [];
    for (const row of rows) {
      if (performance.now() - readAtMs > FRESH_MS) break;
      try {
        const { id, channel, event, data, created_at: atMs } = row;
        await this.#state.append(channel, { id, event, data: JSON.parse(data) as unknown, atMs });
        done.push(row);
        this.#appended++;
      } catch (error) {
        return { done, failed: { row, error } };
      }
    }
    return { done };
  }

  async #forget(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const done = rows.map(({ seq }) => seq);
    await this.#database.deleteFrom('outbox').where('seq', 'in', done).execute();
    for (const { id } of rows) this.#refusals.delete(id);
  }

  /** True when the event was given up: bad JSON at once, what is refused after some tries. */
  async #setAside(row: Row, error: unknown): Promise<boolean> {
    const refusals = (this.#refusals.get(row.id) ?? 0) + 1;
    if (!(error instanceof SyntaxError) && refusals < REFUSALS) {
      this.#refusals.set(row.id, refusals);
      return false;
    }
    const { seq, ...kept } = row;
    const isMine = await this.#database.transaction().execute(async (transaction) => {
      const { numDeletedRows } = await transaction.deleteFrom('outbox').where('seq', '=', seq).executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      const reason = reasonOf(error);
      await transaction
        .insertInto('outbox_rejected')
        .values({ ...kept, seq, reason, rejected_at: this.#now() })
        .execute();
      return true;
    });
    this.#refusals.delete(row.id);
    const { id, channel, event } = row;
    if (isMine)
      this.#logger.error({ err: error, id, channel, event }, 'an event was refused and is in outbox_rejected');
    return true;
  }

  /** An event is late then, never lost. One line for an outage, whatever it takes. */
  #failed(error: unknown): void {
    if (this.#failingSinceMs === undefined) {
      this.#failingSinceMs = this.#now();
      const details = isOutage(error) ? { reason: reasonOf(error) } : { err: error };
      this.#logger.warn(details, 'committed events wait to be announced');
    }
    if (this.#isStopped) return;
    this.#retry = setTimeout(() => this.#tryNow(), this.#pauseMs);
    this.#retry.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, RETRY_TO_MS);
  }

  #recovered(): void {
    this.#pauseMs = RETRY_FROM_MS;
    if (this.#failingSinceMs === undefined) return;
    this.#logger.info({ ms: this.#now() - this.#failingSinceMs }, 'committed events are announced again');
    this.#failingSinceMs = undefined;
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof StateUnavailableError || error instanceof DatabaseUnavailableError;
}
