import { randomUUID } from 'node:crypto';
import { audit } from '../../../database/audit.ts';
import type { Database } from '../../../database/database.ts';
import type { Outbox } from '../../../database/outbox.ts';
import type { AlarmSilenceTable } from '../../../database/tables/alarms.ts';
import { AppError } from '../../gateway/contract.ts';
import type { ChangeSilence, MonitorAlarm, NewSilence, Silence } from './contract.ts';
import { matches } from './pattern.ts';

/** At one time; more is a mistake. */
const MAX_SILENCES = 500;
/** How old what is known may be. */
const FRESH_MS = 4000;

/** Who does it, as the audit log names them. */
export interface Doer {
  actor: string;
  address: string;
}

export interface SilenceDeps {
  database: Database;
  outbox: Outbox;
  now: () => number;
}

/** What channels are not told of for a time: because somebody knows already, or works on it. Alarms fire all the same. */
export class Silences {
  readonly #deps: SilenceDeps;
  /** The last known, also while the database is away. */
  #known: Silence[] = [];
  #readAtMs = -Infinity;

  constructor(deps: SilenceDeps) {
    this.#deps = deps;
  }

  covers(alarm: Pick<MonitorAlarm, 'kind' | 'subject' | 'node' | 'nodeName'>): boolean {
    const now = this.#deps.now();
    return this.#known.some(
      ({ startsAt, endsAt, kind, subject, node }) =>
        startsAt <= now &&
        now < endsAt &&
        matches(kind, alarm.kind) &&
        matches(subject, alarm.subject ?? '') &&
        (matches(node, alarm.nodeName ?? '') || matches(node, alarm.node ?? '')),
    );
  }

  /** Those that are not over, as the database has them. */
  async list(): Promise<Silence[]> {
    const rows = await this.#deps.database
      .selectFrom('alarm_silences')
      .selectAll()
      .where('ends_at', '>', this.#deps.now())
      .orderBy('starts_at')
      .orderBy('id')
      .limit(MAX_SILENCES)
      .execute();
    this.#known = rows.map(silenceOf);
    this.#readAtMs = this.#deps.now();
    return this.#known;
  }

  async refresh(): Promise<void> {
    if (Math.abs(this.#deps.now() - this.#readAtMs) >= FRESH_MS) await this.list();
  }

  /** @throws AppError too_many_silences, silence_over */
  async add(given: NewSilence, { actor, address }: Doer): Promise<Silence> {
    const { outbox, now } = this.#deps;
    const { startsAt = now(), endsAt, ...rest } = given;
    if (endsAt <= now()) throw new AppError('silence_over');
    if ((await this.list()).length >= MAX_SILENCES) throw new AppError('too_many_silences');
    const silence = { id: randomUUID(), ...rest, startsAt, endsAt, createdBy: actor, createdAt: now() };
    await outbox.transact(async ({ transaction }) => {
      await transaction.insertInto('alarm_silences').values(rowOf(silence)).execute();
      const details = { ...rest, startsAt, endsAt };
      const subject = `alarm_silence:${silence.id}`;
      await audit(transaction, { actor, action: 'alarm_silence.created', subject, details, address, atMs: now() });
    });
    await this.list();
    return silence;
  }

  /** @throws AppError silence_not_found, silence_over */
  async change(id: string, { endsAt, reason }: ChangeSilence, { actor, address }: Doer): Promise<Silence> {
    const { outbox, now } = this.#deps;
    if (endsAt !== undefined && endsAt <= now()) throw new AppError('silence_over');
    const row = await outbox.transact(async ({ transaction }) => {
      const found = await transaction
        .selectFrom('alarm_silences')
        .selectAll()
        .where('id', '=', id)
        .where('ends_at', '>', now())
        .executeTakeFirst();
      if (found === undefined) throw new AppError('silence_not_found');
      const changed = { ...found, ends_at: endsAt ?? found.ends_at, reason: reason ?? found.reason };
      if (changed.ends_at <= changed.starts_at) throw new AppError('silence_over');
      await transaction.updateTable('alarm_silences').set(changed).where('id', '=', id).execute();
      await audit(transaction, {
        ...{ actor, address, action: 'alarm_silence.changed', subject: `alarm_silence:${id}`, atMs: now() },
        details: { endsAt: changed.ends_at, reason: changed.reason },
      });
      return changed;
    });
    await this.list();
    return silenceOf(row);
  }

  /** It ends now. @throws AppError silence_not_found */
  async end(id: string, { actor, address }: Doer): Promise<void> {
    const { outbox, now } = this.#deps;
    await outbox.transact(async ({ transaction }) => {
      const { numUpdatedRows } = await transaction
        .updateTable('alarm_silences')
        .set({ ends_at: now() })
        .where('id', '=', id)
        .where('ends_at', '>', now())
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw new AppError('silence_not_found');
      const subject = `alarm_silence:${id}`;
      await audit(transaction, { actor, action: 'alarm_silence.ended', subject, address, atMs: now() });
    });
    await this.list();
  }

  async sweep(beforeMs: number): Promise<void> {
    await this.#deps.database.deleteFrom('alarm_silences').where('ends_at', '<', beforeMs).execute();
  }
}

function rowOf({ startsAt, endsAt, createdBy, createdAt, ...rest }: Silence): AlarmSilenceTable {
  return { ...rest, starts_at: startsAt, ends_at: endsAt, created_by: createdBy, created_at: createdAt };
}

function silenceOf(row: AlarmSilenceTable): Silence {
  const { starts_at: startsAt, ends_at: endsAt, created_by: createdBy, created_at: createdAt, ...rest } = row;
  return { ...rest, startsAt, endsAt, createdBy, createdAt };
}
