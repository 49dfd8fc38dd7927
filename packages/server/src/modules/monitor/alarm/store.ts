import type { Insertable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { AlarmTable } from '../../../database/tables/alarms.ts';
import type { Acknowledgement, Alarm } from './book.ts';
import type { AlarmsQuery, MonitorAlarm } from './contract.ts';
import { isAlarmKind } from './kinds.ts';

/** Rows of one sweep. */
const SWEEP_BATCH = 5000;
const MAX_OPEN = 2000;
const MAX_ADMINISTRATORS = 200;

export type AlarmRow = AlarmTable;

/** Who judges: a node under the name that it keeps over restarts, or all nodes together. */
export interface Place {
  /** '' is all nodes together. */
  place: string;
  node: string | null;
  nodeName: string | null;
}

/** The queries on alarms. */
export class AlarmStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The row that is open for this place and key: this one, or one that was there already. */
  async open(transaction: Transaction, row: Insertable<AlarmTable>): Promise<{ row: AlarmRow; isNew: boolean }> {
    const made = await transaction
      .insertInto('alarms')
      .values(row)
      .onConflict((conflict) => conflict.columns(['place', 'key']).where('cleared_at', 'is', null).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (made !== undefined) return { row: made, isNew: true };
    const found = await transaction
      .selectFrom('alarms')
      .selectAll()
      .where('place', '=', row.place)
      .where('key', '=', row.key)
      .where('cleared_at', 'is', null)
      .executeTakeFirstOrThrow();
    return { row: found, isNew: false };
  }

  /** One that was over before it could be written. */
  async addOver(row: Insertable<AlarmTable>): Promise<void> {
    await this.#database
      .insertInto('alarms')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  async change(
    transaction: Transaction | undefined,
    id: string,
    change: Partial<Pick<AlarmRow, 'level' | 'data' | 'node' | 'node_name'>>,
  ): Promise<void> {
    await (transaction ?? this.#database).updateTable('alarms').set(change).where('id', '=', id).execute();
  }

  async told(ids: readonly string[], atMs: number): Promise<void> {
    if (ids.length === 0) return;
    await this.#database.updateTable('alarms').set({ told_at: atMs }).where('id', 'in', ids).execute();
  }

  /** Whether it was open until now. */
  async close(
    id: string,
    { cleared_at, level, data }: Pick<AlarmRow, 'cleared_at' | 'level' | 'data'>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#database
      .updateTable('alarms')
      .set({ cleared_at, level, data })
      .where('id', '=', id)
      .where('cleared_at', 'is', null)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  async reopen(id: string): Promise<void> {
    await this.#database.updateTable('alarms').set({ cleared_at: null }).where('id', '=', id).execute();
  }

  async openOf(place: string): Promise<AlarmRow[]> {
    return this.#database
      .selectFrom('alarms')
      .selectAll()
      .where('place', '=', place)
      .where('cleared_at', 'is', null)
      .limit(MAX_OPEN)
      .execute();
  }

  /** Of nodes that are no more: what was wrong with them is over. */
  async closeGone(living: readonly string[], atMs: number): Promise<AlarmRow[]> {
    return this.#database
      .updateTable('alarms')
      .set({ cleared_at: atMs })
      .where('cleared_at', 'is', null)
      .where('place', 'not in', ['', ...living])
      .returningAll()
      .execute();
  }

  /** Undefined when it is over, or there is none. */
  async acknowledge(transaction: Transaction, id: string, ack: Acknowledgement): Promise<AlarmRow | undefined> {
    return transaction
      .updateTable('alarms')
      .set({ acked_at: ack.at, acked_by: ack.by, ack_note: ack.note ?? null })
      .where('id', '=', id)
      .where('cleared_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
  }

  async find(id: string): Promise<AlarmRow | undefined> {
    return this.#database.selectFrom('alarms').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async acknowledged(ids: readonly string[]): Promise<Map<string, Acknowledgement>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('alarms')
      .selectAll()
      .where('id', 'in', ids)
      .where('acked_at', 'is not', null)
      .execute();
    const found = new Map<string, Acknowledgement>();
    for (const row of rows) {
      const ack = ackOf(row);
      if (ack !== undefined) found.set(row.id, ack);
    }
    return found;
  }

  /** The newest first, one more than asked for. */
  async list({ state, kind, level, subject, node, before, limit }: AlarmsQuery): Promise<AlarmRow[]> {
    let query = this.#database.selectFrom('alarms').selectAll();
    if (state === 'cleared') query = query.where('cleared_at', 'is not', null);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (level !== undefined) query = query.where('level', '=', level);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (node !== undefined)
      query = query.where(({ or, eb }) => or([eb('node', '=', node), eb('node_name', '=', node)]));
    const [at, id] = before?.split('_', 2) ?? [];
    if (at !== undefined && id !== undefined)
      query = query.where(({ or, and, eb }) =>
        or([eb('fired_at', '<', Number(at)), and([eb('fired_at', '=', Number(at)), eb('id', '<', id)])]),
      );
    return query
      .orderBy('fired_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
  }

  /** Those that ended before; whether there may be more. */
  async sweep(beforeMs: number): Promise<boolean> {
    const old = this.#database.selectFrom('alarms').select('id').where('cleared_at', '<', beforeMs).limit(SWEEP_BATCH);
    const { numDeletedRows } = await this.#database
      .deleteFrom('alarms')
      .where('id', 'in', old)
      .executeTakeFirstOrThrow();
    return numDeletedRows === BigInt(SWEEP_BATCH);
  }

  async administrators(transaction: Transaction): Promise<string[]> {
    const rows = await transaction
      .selectFrom('users')
      .select('id')
      .where('role', '=', 'admin')
      .where('banned_at', 'is', null)
      .limit(MAX_ADMINISTRATORS)
      .execute();
    return rows.map(({ id }) => id);
  }
}

export function rowOf(alarm: Alarm, { place, node, nodeName }: Place, clearedAt: number | null = null): AlarmRow {
  const { id, key, kind, subject = null, level, since, firedAt, acknowledged, toldAt, data } = alarm;
  return {
    ...{ id, place, key, kind, subject, node, node_name: nodeName, level, since, fired_at: firedAt },
    ...{ cleared_at: clearedAt, told_at: toldAt ?? null, acked_at: acknowledged?.at ?? null },
    ...{ acked_by: acknowledged?.by ?? null, ack_note: acknowledged?.note ?? null, data: JSON.stringify(data) },
  };
}

/** Undefined for a kind that this version does not know. */
export function alarmOf(row: AlarmRow): Alarm | undefined {
  const { id, key, kind, subject, level, since } = row;
  if (!isAlarmKind(kind)) return undefined;
  return {
    ...{ id, key, kind, subject: subject ?? undefined, level, since, firedAt: row.fired_at },
    ...{ data: dataOf(row), acknowledged: ackOf(row), toldAt: row.told_at ?? undefined },
  };
}

export function viewOf(row: AlarmRow): MonitorAlarm {
  const { id, kind, subject, level, node, node_name: nodeName, since, fired_at: firedAt, cleared_at: clearedAt } = row;
  const acknowledged = ackOf(row);
  return {
    ...{ id, kind, level, since, firedAt, data: dataOf(row) },
    ...(subject === null ? {} : { subject }),
    ...(node === null ? {} : { node }),
    ...(nodeName === null ? {} : { nodeName }),
    ...(clearedAt === null ? {} : { clearedAt }),
    ...(acknowledged === undefined ? {} : { acknowledged }),
  };
}

export function ackOf({ acked_at: at, acked_by: by, ack_note: note }: AlarmRow): Acknowledgement | undefined {
  if (at === null || by === null) return undefined;
  return { at, by, ...(note === null ? {} : { note }) };
}

function dataOf({ data }: AlarmRow): Record<string, unknown> {
  return JSON.parse(data) as Record<string, unknown>;
}
