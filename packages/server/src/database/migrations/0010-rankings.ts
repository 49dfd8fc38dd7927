import { sql, SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** What counts and is not yet counted, and what it came to. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  await schema
    .createTable('rank_feed')
    .addColumn('seq', isSqlite ? 'integer' : 'bigint', (column) =>
      isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity(),
    )
    .addColumn('board', 'text', required)
    .addColumn('channel_id', 'text')
    .addColumn('room_id', 'text')
    .addColumn('user_id', 'text', required)
    .addColumn('amount', 'bigint', required)
    .addColumn('at', 'bigint', required)
    .execute();
  await schema
    .createTable('rank_scores')
    .addColumn('board', 'text', required)
    .addColumn('scope', 'text', required)
    .addColumn('period', 'text', required)
    .addColumn('start', 'bigint', required)
    .addColumn('subject', 'text', required)
    .addColumn('score', 'bigint', required)
    .addColumn('reached_at', 'bigint', required)
    .addPrimaryKeyConstraint('rank_scores_key', ['board', 'scope', 'period', 'start', 'subject'])
    .execute();
  // As it is listed, so that the first hundred are read and no more, and those before somebody counted by the index.
  await schema
    .createIndex('rank_scores_by_place')
    .on('rank_scores')
    .columns(['board', 'scope', 'period', 'start', 'score desc', 'reached_at', 'subject'])
    .execute();
  await schema.createIndex('rank_scores_by_period').on('rank_scores').columns(['period', 'start']).execute();
  await schema.createIndex('rank_scores_by_subject').on('rank_scores').column('subject').execute();
  // Who is banned is not listed; they are few.
  await schema
    .createIndex('users_banned')
    .on('users')
    .column('id')
    .where(sql.ref('banned_at'), 'is not', null)
    .execute();
}
