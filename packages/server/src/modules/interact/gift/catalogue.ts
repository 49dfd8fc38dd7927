import type { Selectable } from 'kysely';
import { audit } from '../../../database/audit.ts';
import type { Database, Transaction } from '../../../database/database.ts';
import type { Outbox } from '../../../database/outbox.ts';
import type { GiftTable } from '../../../database/tables/gifts.ts';
import { AppError, type Caller } from '../../gateway/contract.ts';
import type { AdminGift, CreateGiftInput, Gift, UpdateGiftInput } from './contract.ts';

export type GiftRow = Selectable<GiftTable>;

export interface CatalogueDeps {
  database: Database;
  outbox: Outbox;
  now: () => number;
}

/** What can be given, as administrators set it. */
export class Catalogue {
  readonly #deps: CatalogueDeps;

  constructor(deps: CatalogueDeps) {
    this.#deps = deps;
  }

  /** What can be given now. */
  async offered(): Promise<Gift[]> {
    const rows = await this.#all();
    return rows.filter(({ enabled }) => enabled === 1).map(giftOf);
  }

  /** Also what is disabled. */
  async list(): Promise<AdminGift[]> {
    const rows = await this.#all();
    return rows.map(adminGiftOf);
  }

  /** At the price at which it is given now. @throws AppError gift_not_found */
  async find(transaction: Transaction, id: string): Promise<GiftRow> {
    const row = await transaction
      .selectFrom('gifts')
      .selectAll()
      .where('id', '=', id)
      .where('enabled', '=', 1)
      .executeTakeFirst();
    if (row === undefined) throw new AppError('gift_not_found');
    return row;
  }

  /** @throws AppError gift_exists */
  async create(caller: Caller, input: CreateGiftInput): Promise<AdminGift> {
    const { outbox, now } = this.#deps;
    const { id, name, icon, price, effect, animation, sort } = input;
    const row: GiftRow = {
      ...{ id, icon, price, effect, animation, sort },
      name_zh: name.zh,
      name_en: name.en,
      combo: input.combo ? 1 : 0,
      enabled: input.enabled ? 1 : 0,
      created_at: now(),
      updated_at: now(),
    };
    await outbox.transact(async ({ transaction }) => {
      const made = await transaction
        .insertInto('gifts')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made === undefined) throw new AppError('gift_exists');
      await this.#note(transaction, { caller, id, action: 'gift.created', details: { price } });
    });
    return adminGiftOf(row);
  }

  /** @throws AppError gift_not_found */
  async change(caller: Caller, id: string, input: UpdateGiftInput): Promise<AdminGift> {
    const { outbox, now } = this.#deps;
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await transaction
        .updateTable('gifts')
        .set({ ...changesOf(input), updated_at: now() })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (changed === undefined) throw new AppError('gift_not_found');
      await this.#note(transaction, { caller, id, action: 'gift.changed', details: { ...input } });
      return changed;
    });
    return adminGiftOf(row);
  }

  /** One that was given before is disabled instead; answers whether it is gone. @throws AppError gift_not_found */
  async remove(caller: Caller, id: string): Promise<boolean> {
    const { outbox, now } = this.#deps;
    return outbox.transact(async ({ transaction }) => {
      const disabled = await transaction
        .updateTable('gifts')
        .set({ enabled: 0, updated_at: now() })
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      if (disabled === undefined) throw new AppError('gift_not_found');
      const used = await transaction
        .selectFrom('gift_orders')
        .select('id')
        .where('gift_id', '=', id)
        .limit(1)
        .executeTakeFirst();
      if (used === undefined) await transaction.deleteFrom('gifts').where('id', '=', id).execute();
      const isGone = used === undefined;
      await this.#note(transaction, { caller, id, action: isGone ? 'gift.removed' : 'gift.disabled' });
      return isGone;
    });
  }

  #all(): Promise<GiftRow[]> {
    return this.#deps.database.selectFrom('gifts').selectAll().orderBy('sort').orderBy('price').orderBy('id').execute();
  }

  #note(
    transaction: Transaction,
    { caller, id, ...entry }: { caller: Caller; id: string; action: string; details?: Record<string, unknown> },
  ): Promise<void> {
    const actor = `user:${caller.account?.id ?? ''}`;
    return audit(transaction, {
      ...entry,
      actor,
      subject: `gift:${id}`,
      address: caller.address,
      atMs: this.#deps.now(),
    });
  }
}

/** What everybody sees of a gift, or of an order's copy of it. */
export function shownGift({
  name_zh: zh,
  name_en: en,
  icon,
  price,
  effect,
  animation,
}: Pick<GiftRow, 'name_zh' | 'name_en' | 'icon' | 'price' | 'effect' | 'animation'>): Omit<Gift, 'id' | 'combo'> {
  return { name: { zh, en }, icon, price, effect, animation: animation ?? undefined };
}

function giftOf(row: GiftRow): Gift {
  return { id: row.id, ...shownGift(row), combo: row.combo === 1 };
}

function adminGiftOf(row: GiftRow): AdminGift {
  const { sort, enabled, created_at: createdAt, updated_at: updatedAt } = row;
  return { ...giftOf(row), sort, enabled: enabled === 1, createdAt, updatedAt };
}

function changesOf({ name, combo, enabled, ...same }: UpdateGiftInput): Partial<GiftRow> {
  return {
    ...same,
    ...(name === undefined ? {} : { name_zh: name.zh, name_en: name.en }),
    ...(combo === undefined ? {} : { combo: combo ? 1 : 0 }),
    ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
  };
}
