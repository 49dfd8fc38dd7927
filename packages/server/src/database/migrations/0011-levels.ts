import { SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** How far fans came in a channel, and what is not yet counted of it. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  await schema
    .createTable('level_feed')
    .addColumn('seq', isSqlite ? 'integer' : 'bigint', (column) =>
      isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity(),
    )
    .addColumn('channel_id', 'text', required)
    .addColumn('user_id', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('amount', 'bigint', required)
    .addColumn('at', 'bigint', required)
    .execute();
  await schema
    .createTable('fan_levels')
    .addColumn('channel_id', 'text', required)
    .addColumn('user_id', 'text', required)
    .addColumn('experience', 'bigint', required)
    .addColumn('level', 'integer', required)
    .addColumn('day', 'bigint', required)
    .addColumn('day_watch', 'integer', required)
    .addColumn('day_chat', 'integer', required)
    .addColumn('updated_at', 'bigint', required)
    .addPrimaryKeyConstraint('fan_levels_key', ['channel_id', 'user_id'])
    .execute();
  await schema.createIndex('fan_levels_by_experience').on('fan_levels').columns(['channel_id', 'experience']).execute();
  await schema.createIndex('fan_levels_by_user').on('fan_levels').column('user_id').execute();
  await schema
    .createTable('fan_badges')
    .addColumn('channel_id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
}
