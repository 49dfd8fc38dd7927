import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();

/** The catalogue of gifts, what was given, and who is giving what right now. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await createCatalogue(database);
  await createOrders(database);
  await seed(database as Kysely<{ gifts: SeededGift }>);
}

async function createCatalogue({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('gifts')
    .addColumn('id', 'text', key)
    .addColumn('name_zh', 'text', required)
    .addColumn('name_en', 'text', required)
    .addColumn('icon', 'text', required)
    .addColumn('price', 'bigint', required)
    .addColumn('effect', 'text', required)
    .addColumn('animation', 'text')
    .addColumn('combo', 'integer', required)
    .addColumn('sort', 'integer', required)
    .addColumn('enabled', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
}

async function createOrders({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('gift_orders')
    .addColumn('id', 'text', key)
    .addColumn('room_id', 'text', required)
    .addColumn('channel_id', 'text', required)
    .addColumn('sender_id', 'text', required)
    .addColumn('receiver_id', 'text', required)
    .addColumn('gift_id', 'text', required)
    .addColumn('name_zh', 'text', required)
    .addColumn('name_en', 'text', required)
    .addColumn('icon', 'text', required)
    .addColumn('price', 'bigint', required)
    .addColumn('effect', 'text', required)
    .addColumn('animation', 'text')
    .addColumn('count', 'integer', required)
    .addColumn('total', 'bigint', required)
    .addColumn('share', 'bigint', required)
    .addColumn('combo_id', 'text', required)
    .addColumn('combo_count', 'bigint', required)
    .addColumn('transfer_id', 'text', (column) => column.notNull().unique())
    .addColumn('idem_key', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'bigint', required)
    .addColumn('refunded_at', 'bigint')
    .addColumn('refund_transfer_id', 'text')
    .execute();
  const index = (name: string) => schema.createIndex(`gift_orders_by_${name}`).on('gift_orders');
  await index('room').columns(['room_id', 'at']).execute();
  await index('channel').columns(['channel_id', 'at']).execute();
  await index('sender').columns(['sender_id', 'room_id', 'at']).execute();
  await index('receiver').columns(['receiver_id', 'at']).execute();
  await index('time').columns(['at']).execute();
  await schema
    .createTable('gift_combos')
    .addColumn('room_id', 'text', required)
    .addColumn('sender_id', 'text', required)
    .addColumn('gift_id', 'text', required)
    .addColumn('combo_id', 'text', required)
    .addColumn('combo_count', 'bigint', required)
    .addColumn('pieces', 'bigint', required)
    .addColumn('coins', 'bigint', required)
    .addColumn('last_at', 'bigint', required)
    .addPrimaryKeyConstraint('gift_combos_key', ['room_id', 'sender_id', 'gift_id'])
    .execute();
  await schema.createIndex('gift_combos_by_time').on('gift_combos').column('last_at').execute();
}

interface SeededGift {
  id: string;
  name_zh: string;
  name_en: string;
  icon: string;
  price: number;
  effect: string;
  animation: string | null;
  combo: number;
  sort: number;
  enabled: number;
  created_at: number;
  updated_at: number;
}

/** `[id, name_zh, name_en, icon, price, effect, animation]`; icons are of Fluent Emoji. */
const SEED: readonly (readonly [string, string, string, string, number, string, string?])[] = [
  ['heart', '小心心', 'Heart', 'red-heart', 1, 'none'],
  ['rose', '玫瑰', 'Rose', 'rose', 5, 'none'],
  ['lollipop', '棒棒糖', 'Lollipop', 'lollipop', 9, 'none'],
  ['cheers', '干杯', 'Cheers', 'clinking-beer-mugs', 19, 'none'],
  ['cake', '蛋糕', 'Cake', 'birthday-cake', 52, 'banner'],
  ['bouquet', '花束', 'Bouquet', 'bouquet', 99, 'banner'],
  ['trophy', '奖杯', 'Trophy', 'trophy', 199, 'banner'],
  ['diamond', '钻石', 'Diamond', 'gem-stone', 520, 'banner'],
  ['crown', '皇冠', 'Crown', 'crown', 999, 'banner'],
  ['fireworks', '烟花', 'Fireworks', 'fireworks', 1888, 'fullscreen', 'fireworks'],
  ['racing-car', '跑车', 'Racing car', 'racing-car', 5000, 'fullscreen', 'drive'],
  ['rocket', '火箭', 'Rocket', 'rocket', 10_000, 'fullscreen', 'launch'],
];

async function seed(database: Kysely<{ gifts: SeededGift }>): Promise<void> {
  const now = Date.now();
  const rows = SEED.map(([id, zh, en, icon, price, effect, animation], index) => ({
    ...{ id, name_zh: zh, name_en: en, icon, price, effect, animation: animation ?? null },
    // The dear ones are looked at one by one.
    combo: effect === 'fullscreen' ? 0 : 1,
    sort: (index + 1) * 10,
    enabled: 1,
    created_at: now,
    updated_at: now,
  }));
  await database.insertInto('gifts').values(rows).execute();
}
