import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Servers elsewhere that streams are sent on to. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('relay_targets')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('play_id', 'text', required)
    .addColumn('name', 'text')
    .addColumn('url', 'text', required)
    .addColumn('enabled', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('report', 'text')
    .addColumn('reported_at', 'bigint')
    .execute();
  await schema.createIndex('relay_targets_by_play_id').on('relay_targets').columns(['play_id', 'created_at']).execute();
}
