import type { ExpressionBuilder, Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { DatabaseSchema, RelayTargetTable } from '../../database/schema.ts';

export type RelayRow = Selectable<RelayTargetTable>;
export type RelayChanges = Partial<Pick<RelayRow, 'name' | 'url' | 'enabled'>>;

/** A target that its stream has to be sent to, if the room is shown to people. */
export interface DueTarget {
  id: string;
  url: string;
  playId: string;
  /** False for a preview, which goes nowhere. */
  isShown: boolean;
}

/** The queries on targets. */
export class RelayStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** The oldest first. */
  async ofStream(playId: string): Promise<RelayRow[]> {
    return this.#database
      .selectFrom('relay_targets')
      .selectAll()
      .where('play_id', '=', playId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  async find(playId: string, id: string): Promise<RelayRow | undefined> {
    return this.#database
      .selectFrom('relay_targets')
      .selectAll()
      .where('id', '=', id)
      .where('play_id', '=', playId)
      .executeTakeFirst();
  }

  /** False when the stream has `most` already. Holds its rooms' rows until the commit, so that nobody counts at the same time. */
  async insert(transaction: Transaction, row: RelayRow, most: number): Promise<boolean> {
    await transaction
      .updateTable('rooms')
      .set((expression) => ({ updated_at: expression.ref('updated_at') }))
      .where('play_id', '=', row.play_id)
      .execute();
    const { count } = await transaction
      .selectFrom('relay_targets')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .where('play_id', '=', row.play_id)
      .executeTakeFirstOrThrow();
    if (Number(count) >= most) return false;
    await transaction.insertInto('relay_targets').values(row).execute();
    return true;
  }

  /** Undefined when it is gone. */
  async change(
    transaction: Transaction,
    { playId, id, changes }: { playId: string; id: string; changes: RelayChanges },
  ): Promise<RelayRow | undefined> {
    return transaction
      .updateTable('relay_targets')
      .set({ ...changes, updated_at: this.#now() })
      .where('id', '=', id)
      .where('play_id', '=', playId)
      .returningAll()
      .executeTakeFirst();
  }

  /** Undefined when it is gone. */
  async remove(
    transaction: Transaction,
    { playId, id }: { playId: string; id: string },
  ): Promise<RelayRow | undefined> {
    return transaction
      .deleteFrom('relay_targets')
      .where('id', '=', id)
      .where('play_id', '=', playId)
      .returningAll()
      .executeTakeFirst();
  }

  /** Of these streams, as far as their rooms are open: every target that is turned on. */
  async due(playIds: readonly string[]): Promise<DueTarget[]> {
    if (playIds.length === 0) return [];
    const rows = await this.#database
      .selectFrom('relay_targets')
      .innerJoin('rooms', 'rooms.play_id', 'relay_targets.play_id')
      .select(['relay_targets.id', 'relay_targets.url', 'relay_targets.play_id', 'rooms.status', 'rooms.auto_live'])
      .where('relay_targets.play_id', 'in', [...playIds])
      .where('relay_targets.enabled', '=', 1)
      .where('rooms.status', '<>', 'ended')
      .execute();
    return rows.map(({ id, url, play_id: playId, status, auto_live: autoLive }) => ({
      id,
      url,
      playId,
      isShown: status === 'live' || autoLive === 1,
    }));
  }

  /** How pushes go, for other nodes to answer with; null is nothing any more. */
  async report(reports: readonly { id: string; report: string | null }[]): Promise<void> {
    if (reports.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      for (const { id, report } of reports)
        await transaction
          .updateTable('relay_targets')
          .set({ report, reported_at: this.#now() })
          .where('id', '=', id)
          .execute();
    });
  }

  /** Of the account's channel and of all its rooms. */
  async ofUser(userId: string): Promise<RelayRow[]> {
    return this.#database
      .selectFrom('relay_targets')
      .selectAll()
      .where('play_id', 'in', (query) => streamsOf(query, userId))
      .orderBy('created_at')
      .execute();
  }

  async forgetUser(transaction: Transaction, userId: string): Promise<void> {
    await transaction
      .deleteFrom('relay_targets')
      .where('play_id', 'in', (query) => streamsOf(query, userId))
      .execute();
  }
}

function streamsOf({ selectFrom }: ExpressionBuilder<DatabaseSchema, 'relay_targets'>, userId: string) {
  return selectFrom('rooms')
    .select('rooms.play_id')
    .where('rooms.user_id', '=', userId)
    .union(selectFrom('users').select('users.play_id').where('users.id', '=', userId));
}
