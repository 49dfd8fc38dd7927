import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { GiftComboTable, GiftOrderTable } from '../../../database/tables/gifts.ts';
import type { Earned, EarnedQuery, GivenGift, ListOrdersQuery } from './contract.ts';

export type OrderRow = Selectable<GiftOrderTable>;
export type ComboRow = Selectable<GiftComboTable>;

/** What is added to somebody's combo. */
export interface ComboStep extends Pick<ComboRow, 'room_id' | 'sender_id' | 'gift_id'> {
  /** Of the combo that begins, unless one goes on. */
  newId: string;
  count: number;
  total: number;
  at: number;
  /** One that was last added to before this is over. */
  openSince: number;
}

/** The queries on what was given. */
export class GiftStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findByKey(key: string): Promise<OrderRow | undefined> {
    return this.#database.selectFrom('gift_orders').selectAll().where('idem_key', '=', key).executeTakeFirst();
  }

  async find(transaction: Transaction, id: string): Promise<OrderRow | undefined> {
    return transaction.selectFrom('gift_orders').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async isOpen(transaction: Transaction, roomId: string): Promise<boolean> {
    const room = await transaction.selectFrom('rooms').select('status').where('id', '=', roomId).executeTakeFirst();
    return room !== undefined && room.status !== 'ended';
  }

  async insert(transaction: Transaction, row: OrderRow): Promise<void> {
    await transaction.insertInto('gift_orders').values(row).execute();
  }

  /** One statement, so that two who add at the same time, wherever they are, add both; the row is theirs until the commit. */
  async addToCombo(transaction: Transaction, step: ComboStep): Promise<ComboRow> {
    const { newId, count, total, at, openSince, ...key } = step;
    return transaction
      .insertInto('gift_combos')
      .values({ ...key, combo_id: newId, combo_count: count, pieces: count, coins: total, last_at: at })
      .onConflict((conflict) =>
        conflict.columns(['room_id', 'sender_id', 'gift_id']).doUpdateSet((builder) => {
          const isOpen = builder('gift_combos.last_at', '>=', openSince);
          return {
            combo_id: builder.case().when(isOpen).then(builder.ref('gift_combos.combo_id')).else(newId).end(),
            combo_count: builder
              .case()
              .when(isOpen)
              .then(builder('gift_combos.combo_count', '+', count))
              .else(count)
              .end(),
            pieces: builder('gift_combos.pieces', '+', count),
            coins: builder('gift_combos.coins', '+', total),
            last_at: at,
          };
        }),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** What is given back was never given. */
  async takeFromCombo(transaction: Transaction, order: OrderRow): Promise<void> {
    await transaction
      .updateTable('gift_combos')
      .set((builder) => ({
        pieces: builder('pieces', '-', order.count),
        coins: builder('coins', '-', order.total),
      }))
      .where('room_id', '=', order.room_id)
      .where('sender_id', '=', order.sender_id)
      .where('gift_id', '=', order.gift_id)
      .execute();
  }

  /** Coins that the sender gave in the room, in all. */
  async coinsOf(transaction: Transaction, roomId: string, senderId: string): Promise<number> {
    const { coins } = await transaction
      .selectFrom('gift_combos')
      .select((builder) => builder.fn.sum<number | string | null>('coins').as('coins'))
      .where('room_id', '=', roomId)
      .where('sender_id', '=', senderId)
      .executeTakeFirstOrThrow();
    return Number(coins ?? 0);
  }

  /** Combos that nobody has added to since; answers whether there may be more. */
  async sweepCombos(before: number, most: number): Promise<boolean> {
    const old = await this.#database
      .selectFrom('gift_combos')
      .select(['room_id', 'sender_id', 'gift_id'])
      .where('last_at', '<', before)
      .limit(most)
      .execute();
    for (const { room_id: roomId, sender_id: senderId, gift_id: giftId } of old)
      await this.#database
        .deleteFrom('gift_combos')
        .where('room_id', '=', roomId)
        .where('sender_id', '=', senderId)
        .where('gift_id', '=', giftId)
        .where('last_at', '<', before)
        .execute();
    return old.length === most;
  }

  /** Undefined when it was refunded before. */
  async markRefunded(
    transaction: Transaction,
    { id, transferId, at }: { id: string; transferId: string; at: number },
  ): Promise<OrderRow | undefined> {
    return transaction
      .updateTable('gift_orders')
      .set({ refunded_at: at, refund_transfer_id: transferId })
      .where('id', '=', id)
      .where('refunded_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
  }

  /** Those that were not refunded, the newest first. */
  async ofRoom(roomId: string, limit: number): Promise<OrderRow[]> {
    return this.#database
      .selectFrom('gift_orders')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('refunded_at', 'is', null)
      .orderBy('at', 'desc')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** The newest first. */
  async list({ page, pageSize, roomId, userId }: ListOrdersQuery): Promise<{ rows: OrderRow[]; total: number }> {
    const fitting = this.#database
      .selectFrom('gift_orders')
      .$if(roomId !== undefined, (query) => query.where('room_id', '=', roomId ?? ''))
      .$if(userId !== undefined, (query) =>
        query.where((builder) =>
          builder.or([builder('sender_id', '=', userId ?? ''), builder('receiver_id', '=', userId ?? '')]),
        ),
      );
    const { count } = await fitting
      .select((builder) => builder.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    const rows = await fitting
      .selectAll()
      .orderBy('at', 'desc')
      .orderBy('id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(count) };
  }

  async sentSince(
    roomId: string,
    userId: string,
    { sinceMs, giftId }: { sinceMs: number; giftId?: string },
  ): Promise<number> {
    const { coins } = await this.#database
      .selectFrom('gift_orders')
      .select((builder) => builder.fn.sum<number | string | null>('total').as('coins'))
      .where('sender_id', '=', userId)
      .where('room_id', '=', roomId)
      .where('at', '>=', sinceMs)
      .where('refunded_at', 'is', null)
      .$if(giftId !== undefined, (query) => query.where('gift_id', '=', giftId ?? ''))
      .executeTakeFirstOrThrow();
    return Number(coins ?? 0);
  }

  async receivedSince(channelId: string, sinceMs: number): Promise<number> {
    const { coins } = await this.#database
      .selectFrom('gift_orders')
      .select((builder) => builder.fn.sum<number | string | null>('total').as('coins'))
      .where('channel_id', '=', channelId)
      .where('at', '>=', sinceMs)
      .where('refunded_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(coins ?? 0);
  }

  /** What somebody got of gifts since then, in one room or over all; refunded ones left out. */
  async earned(receiverId: string, { from, roomId }: EarnedQuery): Promise<Earned> {
    const { coins, gifts } = await this.#database
      .selectFrom('gift_orders')
      .select(({ fn }) => [
        fn.sum<number | string | null>('share').as('coins'),
        fn.sum<number | string | null>('count').as('gifts'),
      ])
      .where('receiver_id', '=', receiverId)
      .where('at', '>=', from)
      .where('refunded_at', 'is', null)
      .$if(roomId !== undefined, (query) => query.where('room_id', '=', roomId ?? ''))
      .executeTakeFirstOrThrow();
    return { coins: Number(coins ?? 0), gifts: Number(gifts ?? 0) };
  }

  /** For a data export; the newest first. */
  async ofUser(userId: string, most: number): Promise<OrderRow[]> {
    return this.#database
      .selectFrom('gift_orders')
      .selectAll()
      .where((builder) => builder.or([builder('sender_id', '=', userId), builder('receiver_id', '=', userId)]))
      .orderBy('at', 'desc')
      .limit(most)
      .execute();
  }

  async forgetCombos(transaction: Transaction, userId: string): Promise<void> {
    await transaction.deleteFrom('gift_combos').where('sender_id', '=', userId).execute();
  }
}

export function givenOf(order: OrderRow): GivenGift {
  const { room_id: roomId, channel_id: channelId, sender_id: userId, gift_id: giftId, total, at } = order;
  return { roomId, channelId, userId, giftId, total, at };
}
