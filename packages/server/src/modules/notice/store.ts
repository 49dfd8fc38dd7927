import { sql, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { NoticeTable } from '../../database/tables/notices.ts';
import {
  NOTICE_KINDS,
  noticeSchema,
  type Notice,
  type NoticeKind,
  type NoticesQuery,
  type Preference,
  type Preferences,
} from './contract.ts';

/** What nobody changed: everything is told everywhere. */
const DEFAULT: Preference = { inApp: true, push: true };

export interface Wishes {
  of(userId: string, kind: string): Preference;
}

/** The queries on notices and on who wants which. */
export class NoticeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async wishes(transaction: Transaction, userIds: readonly string[]): Promise<Wishes> {
    const rows = await transaction
      .selectFrom('notice_preferences')
      .selectAll()
      .where('user_id', 'in', userIds)
      .execute();
    const known = new Map(rows.map((row) => [`${row.kind} ${row.user_id}`, preferenceOf(row)]));
    return { of: (userId, kind) => known.get(`${kind} ${userId}`) ?? DEFAULT };
  }

  /** Those of a group take the place of its unread one, and keep that one's id. */
  async insert(transaction: Transaction, rows: readonly NoticeTable[]): Promise<NoticeTable[]> {
    return transaction
      .insertInto('notices')
      .values([...rows])
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'group_key'])
          .where('read_at', 'is', null)
          .where('group_key', 'is not', null)
          .doUpdateSet(({ ref }) => ({
            kind: ref('excluded.kind'),
            data: ref('excluded.data'),
            created_at: ref('excluded.created_at'),
          })),
      )
      .returningAll()
      .execute();
  }

  async unreadOf(database: Database | Transaction, userIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await database
      .selectFrom('notices')
      .select(({ fn }) => ['user_id', fn.countAll<number>().as('count')])
      .where('user_id', 'in', userIds)
      .where('read_at', 'is', null)
      .groupBy('user_id')
      .execute();
    return new Map(rows.map(({ user_id: userId, count }) => [userId, Number(count)]));
  }

  async unread(userId: string): Promise<number> {
    return (await this.unreadOf(this.#database, [userId])).get(userId) ?? 0;
  }

  /** One row a browser of each reader. */
  async queuePushes(transaction: Transaction, notices: readonly NoticeTable[], nowMs: number): Promise<void> {
    if (notices.length === 0) return;
    const subscriptions = await transaction
      .selectFrom('push_subscriptions')
      .select(['id', 'user_id'])
      .where('user_id', 'in', [...new Set(notices.map(({ user_id: userId }) => userId))])
      .execute();
    const rows = notices.flatMap((notice) =>
      subscriptions
        .filter(({ user_id: userId }) => userId === notice.user_id)
        .map(({ id }) => ({ subscription_id: id, notice_id: notice.id, attempts: 0, next_at: nowMs })),
    );
    if (rows.length > 0) await transaction.insertInto('push_queue').values(rows).execute();
  }

  /** The newest first, one more than asked for when there are more. */
  async list(userId: string, { before, limit, unread }: NoticesQuery): Promise<NoticeTable[]> {
    let query = this.#database.selectFrom('notices').selectAll().where('user_id', '=', userId);
    if (unread === 'true') query = query.where('read_at', 'is', null);
    if (before !== undefined) {
      const [atMs, id] = [Number(before.slice(0, before.indexOf('_'))), before.slice(before.indexOf('_') + 1)];
      query = query.where(({ and, or, eb }) =>
        or([eb('created_at', '<', atMs), and([eb('created_at', '=', atMs), eb('id', '<', id)])]),
      );
    }
    return query
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
  }

  /** `ids` left out, all. Answers those that were unread. */
  async read(
    transaction: Transaction,
    { userId, ids, nowMs }: { userId: string; ids: readonly string[] | undefined; nowMs: number },
  ): Promise<string[]> {
    let query = transaction
      .updateTable('notices')
      .set({ read_at: nowMs })
      .where('user_id', '=', userId)
      .where('read_at', 'is', null);
    if (ids !== undefined) query = query.where('id', 'in', ids);
    return (await query.returning('id').execute()).map(({ id }) => id);
  }

  async preferences(userId: string): Promise<Preferences> {
    const rows = await this.#database
      .selectFrom('notice_preferences')
      .selectAll()
      .where('user_id', '=', userId)
      .execute();
    const of = (kind: NoticeKind): Preference => {
      const row = rows.find((candidate) => candidate.kind === kind);
      return row === undefined ? DEFAULT : preferenceOf(row);
    };
    return Object.fromEntries(NOTICE_KINDS.map((kind) => [kind, of(kind)])) as Preferences;
  }

  async prefer(transaction: Transaction, userId: string, changes: Partial<Preferences>): Promise<void> {
    for (const [kind, { inApp, push }] of Object.entries(changes)) {
      const values = { in_app: inApp ? 1 : 0, push: push ? 1 : 0 } as const;
      await transaction
        .insertInto('notice_preferences')
        .values({ user_id: userId, kind, ...values })
        .onConflict((conflict) => conflict.columns(['user_id', 'kind']).doUpdateSet(values))
        .execute();
    }
  }

  async ofUser(userId: string): Promise<NoticeTable[]> {
    return this.#database
      .selectFrom('notices')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at', 'desc')
      .execute();
  }

  async forget(transaction: Transaction, userId: string): Promise<void> {
    await transaction.deleteFrom('notices').where('user_id', '=', userId).execute();
    await transaction.deleteFrom('notice_preferences').where('user_id', '=', userId).execute();
    await transaction.deleteFrom('notice_fanouts').where('user_id', '=', userId).execute();
  }

  /** At most `limit` that are older. */
  async sweepOld(beforeMs: number, limit: number): Promise<number> {
    const old = this.#database.selectFrom('notices').select('id').where('created_at', '<', beforeMs).limit(limit);
    const { numDeletedRows } = await this.#database.deleteFrom('notices').where('id', 'in', old).executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Of readers who have more than `most`, the oldest. */
  async sweepSurplus(most: number): Promise<void> {
    const readers = await this.#database
      .selectFrom('notices')
      .select('user_id')
      .groupBy('user_id')
      .having(({ fn }) => fn.countAll(), '>', most)
      .limit(100)
      .execute();
    for (const { user_id: userId } of readers) {
      const kept = this.#database
        .selectFrom('notices')
        .select('id')
        .where('user_id', '=', userId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(most);
      await this.#database.deleteFrom('notices').where('user_id', '=', userId).where('id', 'not in', kept).execute();
    }
  }

  /** Fan-outs that are over, and pushes of browsers or notices that are gone. */
  async sweepTraces(beforeMs: number): Promise<void> {
    await this.#database.deleteFrom('notice_fanouts').where('done_at', '<', beforeMs).execute();
    await this.#database
      .deleteFrom('push_queue')
      .where(sql<boolean>`not exists (select 1 from notices where notices.id = push_queue.notice_id)`)
      .execute();
  }
}

export function noticeOf(row: Selectable<NoticeTable>): Notice {
  return noticeSchema.parse({
    ...{ id: row.id, kind: row.kind, data: JSON.parse(row.data) as unknown, createdAt: row.created_at },
    readAt: row.read_at ?? undefined,
  });
}

/** What a page after this notice begins before. */
export function cursorOf({ id, created_at: atMs }: Pick<NoticeTable, 'id' | 'created_at'>): string {
  return `${atMs}_${id}`;
}

function preferenceOf({ in_app: inApp, push }: { in_app: number; push: number }): Preference {
  return { inApp: inApp === 1, push: push === 1 };
}
