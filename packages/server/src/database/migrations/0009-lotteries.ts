import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Lotteries of a room, and who entered them. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('lotteries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', required)
    .addColumn('channel_id', 'text', required)
    .addColumn('created_by', 'text')
    .addColumn('status', 'text', required)
    .addColumn('open_room', 'text', (column) => column.unique())
    .addColumn('terms', 'text', required)
    .addColumn('seed', 'text', required)
    .addColumn('commitment', 'text', required)
    .addColumn('head', 'text', required)
    .addColumn('entries', 'integer', required)
    .addColumn('beacon', 'text')
    .addColumn('started_at', 'bigint', required)
    .addColumn('ends_at', 'bigint')
    .addColumn('closed_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('due_at', 'bigint')
    .execute();
  await schema.createIndex('lotteries_by_room').on('lotteries').columns(['room_id', 'started_at']).execute();
  await schema.createIndex('lotteries_by_due').on('lotteries').column('due_at').execute();
  await schema
    .createTable('lottery_entries')
    .addColumn('lottery_id', 'text', required)
    .addColumn('n', 'integer', required)
    .addColumn('user_id', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('at', 'bigint', required)
    .addColumn('chain', 'text', required)
    .addColumn('place', 'integer')
    .addPrimaryKeyConstraint('lottery_entries_key', ['lottery_id', 'n'])
    .addUniqueConstraint('lottery_entries_once', ['lottery_id', 'user_id'])
    .execute();
  await schema.createIndex('lottery_entries_by_user').on('lottery_entries').column('user_id').execute();
}
