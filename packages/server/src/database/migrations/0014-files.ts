import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();

/** Pictures and videos of accounts. */
export async function up(database: Kysely<{ file_gate: { id: string; passed_at: number } }>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('files')
    .addColumn('id', 'text', key)
    .addColumn('user_id', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('purpose', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('problem', 'text')
    .addColumn('size_bytes', 'bigint', required)
    .addColumn('reserved_bytes', 'bigint', required)
    .addColumn('width', 'bigint')
    .addColumn('height', 'bigint')
    .addColumn('duration_ms', 'bigint')
    .addColumn('media_type', 'text')
    .addColumn('storage_key', 'text')
    .addColumn('folder_id', 'text')
    .addColumn('recording_id', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .execute();
  await schema.createIndex('files_by_user').on('files').columns(['user_id', 'created_at']).execute();
  await schema.createIndex('files_by_state').on('files').columns(['state', 'updated_at']).execute();
  await schema.createIndex('files_by_expiry').on('files').column('expires_at').execute();
  await schema.createIndex('files_by_recording').on('files').column('recording_id').execute();
  await schema
    .createTable('file_gate')
    .addColumn('id', 'text', key)
    .addColumn('passed_at', 'bigint', required)
    .execute();
  await database.insertInto('file_gate').values({ id: 'all', passed_at: 0 }).execute();
}
