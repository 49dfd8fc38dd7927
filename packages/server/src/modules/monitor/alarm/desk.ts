import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DatabaseUnavailableError, reasonOf } from '../../../database/errors.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import { AlarmBook, type Acknowledgement, type Alarm, type Change, type Reading } from './book.ts';
import { ALARM_CLEARED, ALARM_FIRED, type MonitorAlarm } from './contract.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Rules } from './kinds.ts';
import type { Telling } from './message.ts';
import type { Silences } from './silences.ts';
import { ackOf, alarmOf, rowOf, type AlarmRow, type AlarmStore, type Place } from './store.ts';

/** A stop waits no longer. */
const STOP_MS = 1000;
/** Whoever wrote an alarm of all nodes has told it by then, or will not. */
const TOLD_WITHIN_MS = 60_000;
/** How old what others wrote, such as who took an alarm on, may be here. */
const FRESH_MS = 4000;
/** Alarms that are over and not written yet. */
const MAX_OVER = 500;

export interface DeskDeps {
  place: Place;
  rules: Rules;
  store: AlarmStore;
  outbox: Outbox;
  silences: Silences;
  dispatcher: Pick<Dispatcher, 'add'>;
  /** In the transaction in which an alarm is written for the first time, or becomes graver. */
  notify(work: Work, alarm: MonitorAlarm): Promise<void>;
  /** To whoever looks at the page. */
  tell(event: typeof ALARM_FIRED | typeof ALARM_CLEARED, alarm: MonitorAlarm): void;
  repeatMs: number;
  /** Firing and telling do not wait longer for the database: it may be what is wrong. */
  patienceMs: number;
  logger: Logger;
  now: () => number;
}

/**
 * The alarms of one place, a node or all nodes together: judges readings, writes what comes of it, tells the channels.
 * What fires lives in memory; the table follows it as soon as it can, and after a restart it is where it goes on from.
 */
export class AlarmDesk {
  readonly #deps: DeskDeps;
  readonly #book: AlarmBook;
  /** Ids whose row stands. */
  readonly #written = new Set<string>();
  /** Ids whose row says something else. */
  readonly #changed = new Set<string>();
  readonly #raised = new Set<string>();
  readonly #told = new Map<string, number>();
  /** Ids that another process wrote, and may be telling right now. */
  readonly #foreign = new Set<string>();
  /** Ids whose end another process has told. */
  readonly #closedElsewhere = new Set<string>();
  readonly #over = new Map<string, { alarm: Alarm; clearedAt: number }>();
  #isAdopted = false;
  #readAtMs = -Infinity;
  #syncing: Promise<void> | undefined;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
    this.#book = new AlarmBook(deps);
  }

  firing(): MonitorAlarm[] {
    return this.#book.firing().map((alarm) => this.#view(alarm));
  }

  /** One look: everything that follows from it is done when it resolves, but for what the database holds up. */
  async round(readings: readonly Reading[]): Promise<void> {
    if (!this.#isAdopted) await this.#soon();
    const changes = this.#book.judge(readings);
    for (const change of changes) this.#note(change);
    await this.#soon();
    for (const { type, alarm } of changes) this.#announce(type, alarm);
    for (const alarm of this.#book.firing()) this.#remind(alarm);
  }

  /** Somebody took it on; false when it is not one of here. */
  acknowledge(id: string, ack: Acknowledgement): boolean {
    const alarm = this.#book.firing().find((one) => one.id === id);
    if (alarm !== undefined) alarm.acknowledged = ack;
    return alarm !== undefined;
  }

  /** A channel has it. */
  wasTold(ids: readonly string[], atMs: number): void {
    const own = new Set(this.#book.firing().map(({ id }) => id));
    for (const id of ids) if (own.has(id)) this.#told.set(id, atMs);
  }

  /** Another node is at it now: what is remembered is void, and stands in the table. */
  forget(): void {
    this.#book.forget();
    for (const set of [this.#written, this.#changed, this.#raised, this.#told, this.#foreign, this.#over]) set.clear();
    this.#isAdopted = false;
    this.#readAtMs = -Infinity;
  }

  /** What is not written yet, once more. */
  async stop(): Promise<void> {
    await this.#soon(STOP_MS);
  }

  #note({ type, alarm }: Change): void {
    if (type === 'cleared') {
      this.#over.set(alarm.id, { alarm, clearedAt: this.#deps.now() });
      const [oldest] = this.#over.keys();
      if (this.#over.size > MAX_OVER && oldest !== undefined) this.#over.delete(oldest);
    } else if (type !== 'fired') this.#changed.add(alarm.id);
    if (type === 'raised') this.#raised.add(alarm.id);
  }

  #announce(type: Change['type'], alarm: Alarm): void {
    const { tell, logger } = this.#deps;
    const { kind, subject, level, id } = alarm;
    const view = this.#view(alarm);
    if (type === 'lowered') return;
    if (type === 'cleared') {
      this.#raised.delete(id);
      if (this.#closedElsewhere.delete(id)) return;
      logger.info({ alarm: id, kind, subject }, 'an alarm is over');
      tell(ALARM_CLEARED, { ...view, clearedAt: this.#deps.now() });
      // Whoever was not told that it began is not told that it is over.
      if (alarm.toldAt !== undefined && view.silenced === undefined) this.#send('cleared', alarm);
      return;
    }
    logger[level === 'critical' ? 'error' : 'warn'](
      { alarm: id, kind, subject, gravity: level, data: alarm.data },
      'an alarm fires',
    );
    tell(ALARM_FIRED, view);
  }

  /** Channels are told what they were not told, what became graver, and again what goes on and nobody took on. */
  #remind(alarm: Alarm): void {
    const { repeatMs, now, silences } = this.#deps;
    if (silences.covers(this.#view(alarm))) return;
    const isOthers = this.#foreign.has(alarm.id) && now() - alarm.firedAt < TOLD_WITHIN_MS;
    if (alarm.toldAt === undefined) {
      if (!isOthers) this.#send('fired', alarm);
    } else if (this.#raised.has(alarm.id)) this.#send('raised', alarm);
    else if (repeatMs > 0 && alarm.acknowledged === undefined && now() - alarm.toldAt >= repeatMs)
      this.#send('repeated', alarm);
  }

  #send(type: Telling['type'], alarm: Alarm): void {
    this.#raised.delete(alarm.id);
    if (this.#deps.dispatcher.add({ type, alarm: this.#view(alarm) })) alarm.toldAt = this.#deps.now();
  }

  #view(alarm: Alarm): MonitorAlarm {
    const { place, silences } = this.#deps;
    const { id, kind, subject, level, since, firedAt, acknowledged, data } = alarm;
    const view: MonitorAlarm = {
      ...{ id, kind, level, since, firedAt, data: { ...data } },
      ...(subject === undefined ? {} : { subject }),
      ...(place.node === null ? {} : { node: place.node }),
      ...(place.nodeName === null ? {} : { nodeName: place.nodeName }),
      ...(acknowledged === undefined ? {} : { acknowledged }),
    };
    return silences.covers(view) ? { ...view, silenced: true } : view;
  }

  /** The table as it should be, or as far as that goes in a moment. One at a time: what hangs is waited for the next time. */
  async #soon(waitMs = this.#deps.patienceMs): Promise<void> {
    this.#syncing ??= this.#sync()
      .catch((error: unknown) => {
        // What is away says so by itself.
        if (!(error instanceof DatabaseUnavailableError))
          this.#deps.logger.warn({ reason: reasonOf(error) }, 'alarms are not written down yet');
      })
      .finally(() => (this.#syncing = undefined));
    await Promise.race([this.#syncing, delay(waitMs, undefined, { ref: false })]);
  }

  async #sync(): Promise<void> {
    const { store, place, silences } = this.#deps;
    if (!this.#isAdopted) await this.#read();
    for (const [id, { alarm, clearedAt }] of this.#over) {
      const row = rowOf(alarm, place, clearedAt);
      if (this.#written.has(id)) {
        const isOurs = (await store.close(id, row)) || place.place !== '';
        if (!isOurs) this.#closedElsewhere.add(id);
      } else await store.addOver(row);
      this.#over.delete(id);
      for (const set of [this.#written, this.#changed, this.#told, this.#foreign]) set.delete(id);
    }
    // Some were told to be over before that was known.
    if (this.#closedElsewhere.size > MAX_OVER) this.#closedElsewhere.clear();
    for (const alarm of this.#book.firing()) await this.#write(alarm);
    for (const [id, atMs] of this.#told) {
      await store.told([id], atMs);
      this.#told.delete(id);
    }
    if (Math.abs(this.#deps.now() - this.#readAtMs) >= FRESH_MS) await this.#read();
    await silences.refresh();
  }

  async #write(alarm: Alarm): Promise<void> {
    const { store, outbox, place, notify } = this.#deps;
    const row = rowOf(alarm, place);
    if (!this.#written.has(alarm.id)) {
      const { row: open, isNew } = await outbox.transact(async (work) => {
        const result = await store.open(work.transaction, row);
        if (result.isNew) await notify(work, this.#view(alarm));
        return result;
      });
      alarm.id = open.id;
      this.#written.add(open.id);
      if (!isNew) this.#isForeign(alarm, open);
      this.#changed.delete(alarm.id);
    } else if (this.#changed.delete(alarm.id)) {
      const { level, data } = row;
      try {
        await outbox.transact(async (work) => {
          await store.change(work.transaction, alarm.id, { level, data });
          if (level === 'critical') await notify(work, this.#view(alarm));
        });
      } catch (error) {
        this.#changed.add(alarm.id);
        throw error;
      }
    }
  }

  /** Others thought that this node had gone for good, and closed what goes on. */
  async #reopen(rows: readonly AlarmRow[]): Promise<void> {
    const open = new Set(rows.map(({ id }) => id));
    for (const { id } of this.#book.firing())
      if (this.#written.has(id) && !open.has(id)) await this.#deps.store.reopen(id);
  }

  /** Whoever wrote it tells the channels. A node is alone at its place: what it finds there was written before it started. */
  #isForeign(alarm: Alarm, { told_at: toldAt }: AlarmRow): void {
    alarm.toldAt ??= toldAt ?? undefined;
    if (this.#deps.place.place === '') this.#foreign.add(alarm.id);
  }

  /** What is open here: an earlier process may have written it, and somebody may have taken it on. */
  async #read(): Promise<void> {
    const { store, place, now } = this.#deps;
    const rows = (await store.openOf(place.place)).filter(({ id }) => !this.#over.has(id));
    const known = new Map(this.#book.firing().map((alarm) => [alarm.key, alarm]));
    if (place.place !== '') await this.#reopen(rows);
    for (const row of rows) {
      const mine = known.get(row.key);
      if (mine !== undefined) {
        mine.acknowledged = ackOf(row) ?? mine.acknowledged;
        mine.toldAt ??= row.told_at ?? undefined;
        continue;
      }
      const alarm = alarmOf(row);
      if (alarm === undefined) {
        // Nobody judges it any more.
        await store.close(row.id, { ...row, cleared_at: now() });
        continue;
      }
      this.#book.adopt([alarm]);
      this.#written.add(row.id);
      this.#isForeign(alarm, row);
      // Its process is another one now.
      if (row.node !== place.node)
        await store.change(undefined, row.id, { node: place.node, node_name: place.nodeName });
    }
    this.#isAdopted = true;
    this.#readAtMs = now();
  }
}
