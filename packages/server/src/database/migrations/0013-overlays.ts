import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();

/** What channels collect for, and the tokens of pages in streaming programs. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('goals')
    .addColumn('channel_id', 'text', key)
    .addColumn('title', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('target', 'bigint', required)
    .addColumn('started_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema
    .createTable('overlay_tokens')
    .addColumn('id', 'text', key)
    .addColumn('user_id', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('settings', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema.createIndex('overlay_tokens_by_user').on('overlay_tokens').column('user_id').execute();
}
