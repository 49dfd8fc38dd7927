import { sql, type Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('rooms')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text')
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('category', 'text')
    .addColumn('cover', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('interrupted', 'integer', (column) => column.notNull())
    .addColumn('interrupted_at', 'bigint')
    .addColumn('is_private', 'integer', (column) => column.notNull())
    .addColumn('auto_live', 'integer', (column) => column.notNull())
    .addColumn('play_id', 'text', (column) => column.notNull())
    .addColumn('stream_secret', 'text', (column) => column.notNull())
    .addColumn('owner_token_hash', 'text')
    .addColumn('max_viewers', 'integer', (column) => column.notNull())
    .addColumn('viewer_count', 'integer', (column) => column.notNull())
    .addColumn('peak_viewers', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('start_time', 'bigint')
    .addColumn('end_time', 'bigint')
    .execute();
  await database.schema.createIndex('rooms_listing').on('rooms').columns(['is_private', 'created_at']).execute();
  await database.schema.createIndex('rooms_by_status').on('rooms').columns(['status', 'created_at']).execute();
  // A stream name belongs to at most one room that is not ended.
  await sql`create unique index rooms_open_play_id on rooms (play_id) where status <> 'ended'`.execute(database);
  await database.schema.createIndex('rooms_by_play_id').on('rooms').column('play_id').execute();
}
