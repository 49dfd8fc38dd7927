import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { RoomMembership, RoomMemberTable } from '../../database/schema.ts';

export type MemberRow = Selectable<RoomMemberTable>;

/** Entries that one room keeps of each kind. */
const MOST: Readonly<Record<RoomMembership, number>> = { moderator: 100, invited: 10_000, banned: 10_000 };

/** The queries on who is what in a room. Expired entries do not count anywhere. */
export class MemberStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** What these persons are in the room. */
  async kindsOf(roomId: string, persons: readonly string[]): Promise<MemberRow[]> {
    if (persons.length === 0) return [];
    return this.#current(this.#database, roomId)
      .where('person', 'in', [...persons])
      .execute();
  }

  /** The newest first. */
  async list(
    roomId: string,
    { kind, page, pageSize }: { kind: RoomMembership; page: number; pageSize: number },
  ): Promise<{ rows: MemberRow[]; total: number }> {
    const matching = this.#current(this.#database, roomId).where('kind', '=', kind);
    const { total } = await matching
      .clearSelect()
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await matching
      .orderBy('created_at', 'desc')
      .orderBy('person')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  /** Adds, or replaces what was there; false when the list is full. */
  async put(transaction: Transaction, row: MemberRow): Promise<boolean> {
    await transaction
      .deleteFrom('room_members')
      .where('room_id', '=', row.room_id)
      .where('kind', '=', row.kind)
      .where((where) => where.or([where('person', '=', row.person), where('expires_at', '<=', this.#now())]))
      .execute();
    const { count } = await this.#current(transaction, row.room_id)
      .where('kind', '=', row.kind)
      .clearSelect()
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(count) >= MOST[row.kind]) return false;
    await transaction
      .insertInto('room_members')
      .values(row)
      .onConflict((conflict) => conflict.columns(['room_id', 'person', 'kind']).doNothing())
      .execute();
    return true;
  }

  /** False when there was none. */
  async remove(
    transaction: Transaction,
    { roomId, person, kind }: { roomId: string; person: string; kind: RoomMembership },
  ): Promise<boolean> {
    const removed = await transaction
      .deleteFrom('room_members')
      .where('room_id', '=', roomId)
      .where('person', '=', person)
      .where('kind', '=', kind)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', this.#now())]))
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  /** Everything the person is, anywhere. */
  async everywhere(person: string): Promise<MemberRow[]> {
    return this.#database.selectFrom('room_members').selectAll().where('person', '=', person).execute();
  }

  async forget(transaction: Transaction, person: string): Promise<void> {
    await transaction.deleteFrom('room_members').where('person', '=', person).execute();
  }

  #current(database: Database | Transaction, roomId: string) {
    return database
      .selectFrom('room_members')
      .selectAll()
      .where('room_id', '=', roomId)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', this.#now())]));
  }
}
