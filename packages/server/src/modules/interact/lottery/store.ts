import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { DatabaseSchema } from '../../../database/schema.ts';
import { chainNext } from './fairness.ts';
import { MOST_ENTRIES } from './contract.ts';

export type LotteryRow = Selectable<DatabaseSchema['lotteries']>;
export type EntryRow = Selectable<DatabaseSchema['lottery_entries']>;
export type OpenStatus = 'open' | 'closed';

/** Somebody who wants to enter. */
export interface Entrant {
  userId: string;
  name: string;
}

/** What became of somebody who wanted to: their entry, old or new, or why there is none. */
export type Entered = EntryRow | 'lottery_closed' | 'lottery_full';

/** Numbers that go into one statement. */
const BATCH = 200;

/** The queries on lotteries. */
export class LotteryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<LotteryRow | undefined> {
    return this.#database.selectFrom('lotteries').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The newest first. */
  async ofRoom(roomId: string, limit: number): Promise<LotteryRow[]> {
    return this.#database
      .selectFrom('lotteries')
      .selectAll()
      .where('room_id', '=', roomId)
      .orderBy('started_at', 'desc')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async countOpen(): Promise<number> {
    const { open } = await this.#database
      .selectFrom('lotteries')
      .select(({ fn }) => fn.countAll<number>().as('open'))
      .where('open_room', 'is not', null)
      .executeTakeFirstOrThrow();
    return Number(open);
  }

  /** Of all rooms. */
  async open(limit: number): Promise<LotteryRow[]> {
    return this.#database.selectFrom('lotteries').selectAll().where('open_room', 'is not', null).limit(limit).execute();
  }

  /** Those that somebody has to look at: their time has come, or their broadcast is over. The longest waiting first. */
  async due(nowMs: number, limit: number): Promise<LotteryRow[]> {
    const timed = await this.#database
      .selectFrom('lotteries')
      .selectAll()
      .where('due_at', '<=', nowMs)
      .orderBy('due_at')
      .limit(limit)
      .execute();
    const left = await this.#database
      .selectFrom('lotteries')
      .leftJoin('rooms', 'rooms.id', 'lotteries.room_id')
      .selectAll('lotteries')
      .where('lotteries.open_room', 'is not', null)
      .where(({ eb, or }) => or([eb('rooms.status', 'is', null), eb('rooms.status', '=', 'ended')]))
      .limit(limit)
      .execute();
    return [...timed, ...left.filter(({ id }) => timed.every((other) => other.id !== id))];
  }

  /** @throws what `isUniqueViolation` knows when the room has an open one */
  async insert(transaction: Transaction, row: LotteryRow): Promise<void> {
    await transaction.insertInto('lotteries').values(row).execute();
  }

  /**
   * Adds entries to the chain, in this order, and answers the lottery after it, what became of each, and how many are
   * new. Its row is held until the commit, so that on all nodes together one entry follows the other. Undefined when it
   * is not there.
   */
  async enter(
    transaction: Transaction,
    { id, entrants, nowMs }: { id: string; entrants: readonly Entrant[]; nowMs: number },
  ): Promise<{ row: LotteryRow; results: Entered[]; added: number } | undefined> {
    const row = await transaction
      .updateTable('lotteries')
      .set((builder) => ({ entries: builder.ref('entries') }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const known = new Map<string, Entered>();
    const users = [...new Set(entrants.map(({ userId }) => userId))];
    for (const entry of await this.#entriesOf(transaction, id, users)) known.set(entry.user_id, entry);
    const isOpen = row.status === 'open' && (row.ends_at === null || nowMs < row.ends_at);
    const added: EntryRow[] = [];
    let { head, entries } = row;
    const results = entrants.map(({ userId, name }): Entered => {
      const before = known.get(userId);
      if (before !== undefined) return before;
      if (!isOpen) return 'lottery_closed';
      if (entries >= MOST_ENTRIES) return 'lottery_full';
      const n = ++entries;
      head = chainNext(head, { n, userId, atMs: nowMs });
      const entry = { lottery_id: id, n, user_id: userId, name, at: nowMs, chain: head, place: null };
      known.set(userId, entry);
      added.push(entry);
      return entry;
    });
    if (added.length > 0) {
      for (let from = 0; from < added.length; from += BATCH)
        await transaction
          .insertInto('lottery_entries')
          .values(added.slice(from, from + BATCH))
          .execute();
      await transaction.updateTable('lotteries').set({ head, entries }).where('id', '=', id).execute();
    }
    return { row: { ...row, head, entries }, results, added: added.length };
  }

  /** Undefined when it was in another status. */
  async move(
    transaction: Transaction,
    id: string,
    { from, ...changes }: { from: readonly OpenStatus[] } & Partial<LotteryRow>,
  ): Promise<LotteryRow | undefined> {
    return transaction
      .updateTable('lotteries')
      .set(changes)
      .where('id', '=', id)
      .where('status', 'in', [...from])
      .returningAll()
      .executeTakeFirst();
  }

  /** What the beacon said, once: false when it is known already, or nobody waits for it. */
  async setBeacon(transaction: Transaction, id: string, beacon: string): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('lotteries')
      .set({ beacon })
      .where('id', '=', id)
      .where('status', '=', 'closed')
      .where('beacon', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** To be looked at again then, while it waits for its beacon. */
  async postpone(id: string, dueMs: number): Promise<void> {
    await this.#database
      .updateTable('lotteries')
      .set({ due_at: dueMs })
      .where('id', '=', id)
      .where('status', '=', 'closed')
      .execute();
  }

  /** In the order of `numbers`. */
  async byNumber(id: string, numbers: readonly number[]): Promise<EntryRow[]> {
    if (numbers.length === 0) return [];
    const rows = await this.#database
      .selectFrom('lottery_entries')
      .selectAll()
      .where('lottery_id', '=', id)
      .where('n', 'in', [...numbers])
      .execute();
    const byNumber = new Map(rows.map((row) => [row.n, row]));
    return numbers.map((n) => byNumber.get(n)).filter((row) => row !== undefined);
  }

  /** `numbers` are the winners' entries, in the order of the draw. */
  async setWinners(transaction: Transaction, id: string, numbers: readonly number[]): Promise<void> {
    for (const [index, n] of numbers.entries())
      await transaction
        .updateTable('lottery_entries')
        .set({ place: index + 1 })
        .where('lottery_id', '=', id)
        .where('n', '=', n)
        .execute();
  }

  /** Of these lotteries, in the order of their draws. */
  async winnersOf(ids: readonly string[]): Promise<EntryRow[]> {
    if (ids.length === 0) return [];
    return this.#database
      .selectFrom('lottery_entries')
      .selectAll()
      .where('lottery_id', 'in', [...ids])
      .where('place', 'is not', null)
      .orderBy('place')
      .execute();
  }

  /** After entry number `after`, in order. */
  async entries(id: string, { after, limit }: { after: number; limit: number }): Promise<EntryRow[]> {
    return this.#database
      .selectFrom('lottery_entries')
      .selectAll()
      .where('lottery_id', '=', id)
      .where('n', '>', after)
      .orderBy('n')
      .limit(limit)
      .execute();
  }

  /** The user's entries in these lotteries. */
  async entriesIn(ids: readonly string[], userId: string): Promise<EntryRow[]> {
    if (ids.length === 0) return [];
    return this.#database
      .selectFrom('lottery_entries')
      .selectAll()
      .where('lottery_id', 'in', [...ids])
      .where('user_id', '=', userId)
      .execute();
  }

  /** All of the user's, the oldest first, with what they were for. */
  async ofUser(userId: string): Promise<(EntryRow & { terms: string })[]> {
    return this.#database
      .selectFrom('lottery_entries')
      .innerJoin('lotteries', 'lotteries.id', 'lottery_entries.lottery_id')
      .selectAll('lottery_entries')
      .select('lotteries.terms')
      .where('lottery_entries.user_id', '=', userId)
      .orderBy('lottery_entries.at')
      .execute();
  }

  /** Those that the user began, the oldest first. */
  async heldBy(userId: string): Promise<LotteryRow[]> {
    return this.#database
      .selectFrom('lotteries')
      .selectAll()
      .where('created_by', '=', userId)
      .orderBy('started_at')
      .execute();
  }

  /** The name goes; the number and the id are part of what others can check. */
  async forgetUser(userId: string): Promise<void> {
    await this.#database.updateTable('lottery_entries').set({ name: '' }).where('user_id', '=', userId).execute();
    await this.#database.updateTable('lotteries').set({ created_by: null }).where('created_by', '=', userId).execute();
  }

  async #entriesOf(transaction: Transaction, id: string, userIds: readonly string[]): Promise<EntryRow[]> {
    return transaction
      .selectFrom('lottery_entries')
      .selectAll()
      .where('lottery_id', '=', id)
      .where('user_id', 'in', [...userIds])
      .execute();
  }
}
