import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { ChatMessageTable } from '../../../database/tables/chat.ts';
import { timeKey, type ArchivedMessage, type MessageState } from './contract.ts';

export type MessageRow = Selectable<ChatMessageTable>;

/** Rows written by one statement, well below what the databases take as parameters. */
const ROWS_AT_ONCE = 200;

/** The queries on what was said. */
export class ChatStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Those that were not said before under the same `client_id`; answers the ids of what was written. */
  async insert(transaction: Transaction, rows: readonly MessageRow[]): Promise<Set<string>> {
    const written = new Set<string>();
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      const inserted = await transaction
        .insertInto('chat_messages')
        .values(rows.slice(at, at + ROWS_AT_ONCE))
        .onConflict((conflict) => conflict.columns(['room_id', 'person', 'client_id']).doNothing())
        .returning('id')
        .execute();
      for (const { id } of inserted) written.add(id);
    }
    return written;
  }

  async find(id: string): Promise<MessageRow | undefined> {
    return this.#database.selectFrom('chat_messages').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** What a program sent before under this name. */
  async said(roomId: string, person: string, clientId: string): Promise<MessageRow | undefined> {
    return this.#database
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('person', '=', person)
      .where('client_id', '=', clientId)
      .executeTakeFirst();
  }

  /** Shown ones, of the newest end or before `before`, or from `after` on; the oldest first. */
  async page(
    roomId: string,
    { before, after, limit }: { before?: string; after?: string; limit: number },
  ): Promise<MessageRow[]> {
    let query = this.#database
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('state', '=', 'shown')
      .limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    if (after !== undefined) return query.where('id', '>', after).orderBy('id').execute();
    return (await query.orderBy('id', 'desc').execute()).toReversed();
  }

  /** Shown ones by the time of the picture, from `from` on and before `to`, behind the place `after`. */
  async byMediaTime(
    roomId: string,
    { from, to, after, limit }: { from: number; to: number; after?: { mediaAt: number; id: string }; limit: number },
  ): Promise<MessageRow[]> {
    let query = this.#database
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('state', '=', 'shown')
      .where('media_at', '>=', from)
      .where('media_at', '<', to);
    if (after !== undefined)
      query = query.where((is) =>
        is.or([
          is('media_at', '>', after.mediaAt),
          is.and([is('media_at', '=', after.mediaAt), is('id', '>', after.id)]),
        ]),
      );
    return query.orderBy('media_at').orderBy('id').limit(limit).execute();
  }

  /** Of these, those that anybody may quote. */
  async quotable(
    roomId: string,
    ids: readonly string[],
  ): Promise<Map<string, Pick<MessageRow, 'id' | 'name' | 'text'>>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('chat_messages')
      .select(['id', 'name', 'text'])
      .where('room_id', '=', roomId)
      .where('id', 'in', [...new Set(ids)])
      .where('state', '=', 'shown')
      .execute();
    return new Map(rows.map((row) => [row.id, row]));
  }

  async held(roomId: string, limit: number): Promise<MessageRow[]> {
    return this.#database
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('state', '=', 'held')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** Compare-and-set; undefined when it was in another state. */
  async move(
    transaction: Transaction,
    { id, from, to }: { id: string; from: MessageState; to: MessageState },
  ): Promise<MessageRow | undefined> {
    return transaction
      .updateTable('chat_messages')
      .set({ state: to })
      .where('id', '=', id)
      .where('state', '=', from)
      .returningAll()
      .executeTakeFirst();
  }

  /** As if they had never been said: whoever sends one again says it. */
  async takeBack(transaction: Transaction, ids: readonly string[]): Promise<void> {
    await transaction
      .updateTable('chat_messages')
      .set({ state: 'deleted', client_id: null })
      .where('id', 'in', [...ids])
      .execute();
  }

  /** Everything one person said in a room; answers how much that was. */
  async clear(transaction: Transaction, roomId: string, person: string): Promise<number> {
    const { numUpdatedRows } = await transaction
      .updateTable('chat_messages')
      .set({ state: 'deleted' })
      .where('room_id', '=', roomId)
      .where('person', '=', person)
      .where('state', '<>', 'deleted')
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** Of these accounts, those that wrote in the room since then (ms since the epoch). */
  async whoWrote(roomId: string, userIds: readonly string[], sinceMs: number): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    const rows = await this.#database
      .selectFrom('chat_messages')
      .select('user_id')
      .distinct()
      .where('room_id', '=', roomId)
      .where(
        'person',
        'in',
        userIds.map((id) => `user:${id}`),
      )
      .where('at', '>=', sinceMs)
      .where('state', '=', 'shown')
      .execute();
    return new Set(rows.flatMap(({ user_id: id }) => (id === null ? [] : [id])));
  }

  /** What an account said in a room since then, the newest first. */
  async saidSince(
    roomId: string,
    userId: string,
    { sinceMs, limit }: { sinceMs: number; limit: number },
  ): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('chat_messages')
      .select('text')
      .where('room_id', '=', roomId)
      .where('person', '=', `user:${userId}`)
      .where('at', '>=', sinceMs)
      .where('state', '=', 'shown')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ text }) => text);
  }

  /** Since when somebody follows the channel, ms since the epoch. */
  async followingSince(followerId: string, userId: string): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom('follows')
      .select('created_at')
      .where('follower_id', '=', followerId)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return row?.created_at;
  }

  /** Of a channel, the rooms that have not ended. */
  async openRooms(channelId: string): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .select('id')
      .where((is) => is.or([is('user_id', '=', channelId), is('id', '=', channelId)]))
      .where('status', '<>', 'ended')
      .limit(100)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Of one account, in pages by `after`. */
  async ofUser(userId: string, { after = '', limit }: { after?: string; limit: number }): Promise<MessageRow[]> {
    return this.#database
      .selectFrom('chat_messages')
      .selectAll()
      .where('user_id', '=', userId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** The account is gone: what it said is gone, and so is its name. Answers the rooms in which it spoke lately. */
  async forgetUser(transaction: Transaction, userId: string, sinceMs: number): Promise<string[]> {
    const rooms = await transaction
      .selectFrom('chat_messages')
      .select('room_id')
      .distinct()
      .where('user_id', '=', userId)
      .where('at', '>=', sinceMs)
      .where('state', '<>', 'deleted')
      .limit(100)
      .execute();
    await transaction
      .updateTable('chat_messages')
      .set({ state: 'deleted', text: '', name: '', username: null, avatar: null, mentions: null, badge: null })
      .where('user_id', '=', userId)
      .execute();
    await transaction.updateTable('emotes').set({ created_by: null }).where('created_by', '=', userId).execute();
    return rooms.map(({ room_id: id }) => id);
  }

  /**
   * Deletes at most `limit` messages older than `beforeMs`, behind `after`, but of rooms whose replay is published.
   * Answers the last id it looked at; undefined when there are no more.
   */
  async sweep({
    beforeMs,
    after,
    limit,
  }: {
    beforeMs: number;
    after: string;
    limit: number;
  }): Promise<string | undefined> {
    const rows = await this.#database
      .selectFrom('chat_messages')
      .select(['id', 'room_id'])
      .where('id', '>', after)
      .where('id', '<', timeKey(beforeMs))
      .orderBy('id')
      .limit(limit)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const kept = await this.#published([...new Set(rows.map(({ room_id: id }) => id))]);
    const over = rows.filter(({ room_id: id }) => !kept.has(id)).map(({ id }) => id);
    if (over.length > 0) {
      await this.#database.deleteFrom('chat_messages').where('id', 'in', over).execute();
      await this.#database.deleteFrom('chat_pins').where('message_id', 'in', over).execute();
    }
    return last.id;
  }

  async #published(roomIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database
      .selectFrom('recordings')
      .select('room_id')
      .distinct()
      .where('room_id', 'in', [...roomIds])
      .where('published', '=', 1)
      .where('state', '<>', 'deleted')
      .execute();
    return new Set(rows.flatMap(({ room_id: id }) => (id === null ? [] : [id])));
  }
}

export function archived(row: MessageRow): ArchivedMessage {
  const { id, person, name, text, state, at } = row;
  return {
    ...{ id, person, name, text, state, at },
    roomId: row.room_id,
    channelId: row.channel_id,
    userId: row.user_id,
    mediaAt: row.media_at,
  };
}
