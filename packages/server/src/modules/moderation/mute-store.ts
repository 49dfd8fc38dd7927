import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { MuteTable } from '../../database/tables/moderation.ts';
import type { Page } from './contract.ts';

export type MuteRow = Selectable<MuteTable>;

/** People whom one channel may have muted at a time. */
const MOST_MUTES = 10_000;

/** The queries on mutes. Those that are over do not count anywhere. */
export class MuteStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** ms since the epoch, Infinity for good, undefined when they are not muted. */
  async until(channelId: string, person: string): Promise<number | undefined> {
    const row = await this.#current(this.#database, channelId)
      .select('until')
      .where('person', '=', person)
      .executeTakeFirst();
    return row === undefined ? undefined : (row.until ?? Infinity);
  }

  /** The newest first. */
  async list(channelId: string, { page, pageSize }: Page): Promise<{ rows: MuteRow[]; total: number }> {
    const current = this.#current(this.#database, channelId);
    const { total } = await current
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await current
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('person')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  /** Adds, or replaces what was there; false when the channel has muted as many as it may. */
  async put(transaction: Transaction, row: MuteRow): Promise<boolean> {
    await transaction
      .deleteFrom('mutes')
      .where('channel_id', '=', row.channel_id)
      .where('until', '<=', this.#now())
      .execute();
    const { count } = await transaction
      .selectFrom('mutes')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .where('channel_id', '=', row.channel_id)
      .where('person', '<>', row.person)
      .executeTakeFirstOrThrow();
    if (Number(count) >= MOST_MUTES) return false;
    const { channel_id: _channel, person: _person, ...terms } = row;
    await transaction
      .insertInto('mutes')
      .values(row)
      .onConflict((conflict) => conflict.columns(['channel_id', 'person']).doUpdateSet(terms))
      .execute();
    return true;
  }

  /** False when they were not muted. */
  async remove(transaction: Transaction, channelId: string, person: string): Promise<boolean> {
    const removed = await transaction
      .deleteFrom('mutes')
      .where('channel_id', '=', channelId)
      .where('person', '=', person)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', this.#now())]))
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  /** Whether a moderator of the room is meant, whom other moderators do not mute. */
  async isModerator(roomId: string, person: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('room_members')
      .select('person')
      .where('room_id', '=', roomId)
      .where('person', '=', person)
      .where('kind', '=', 'moderator')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Wherever the person is muted. */
  async everywhere(person: string): Promise<MuteRow[]> {
    return this.#database.selectFrom('mutes').selectAll().where('person', '=', person).execute();
  }

  /** Of the account's channel, and of itself elsewhere. */
  async forgetUser(transaction: Transaction, userId: string): Promise<void> {
    await transaction
      .deleteFrom('mutes')
      .where((where) => where.or([where('channel_id', '=', userId), where('person', '=', `user:${userId}`)]))
      .execute();
    await transaction.updateTable('mutes').set({ created_by: null }).where('created_by', '=', userId).execute();
  }

  #current(database: Database, channelId: string) {
    return database
      .selectFrom('mutes')
      .where('channel_id', '=', channelId)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', this.#now())]));
  }
}
