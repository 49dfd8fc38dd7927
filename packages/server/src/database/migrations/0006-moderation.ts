import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Words that may not be said, people who may not speak, and what was reported. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('word_lists')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('channel_id', 'text', required)
    .addColumn('word', 'text', required)
    .addColumn('word_key', 'text', required)
    .addColumn('action', 'text', required)
    .addColumn('note', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', required)
    .addUniqueConstraint('word_lists_once', ['channel_id', 'word_key'])
    .execute();
  await schema
    .createTable('mutes')
    .addColumn('channel_id', 'text', required)
    .addColumn('person', 'text', required)
    .addColumn('name', 'text')
    .addColumn('until', 'bigint')
    .addColumn('reason', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('mutes_key', ['channel_id', 'person'])
    .execute();
  await schema.createIndex('mutes_by_person').on('mutes').column('person').execute();
  await schema
    .createTable('reports')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', required)
    .addColumn('channel_id', 'text', required)
    .addColumn('reporter', 'text', required)
    .addColumn('subject', 'text', required)
    .addColumn('subject_id', 'text', required)
    .addColumn('accused', 'text')
    .addColumn('reason', 'text', required)
    .addColumn('text', 'text')
    .addColumn('evidence', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('decision', 'text')
    .addColumn('decided_by', 'text')
    .addColumn('decided_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .addUniqueConstraint('reports_once', ['reporter', 'subject', 'subject_id'])
    .execute();
  await schema.createIndex('reports_by_state').on('reports').columns(['state', 'created_at']).execute();
  await schema.createIndex('reports_by_room').on('reports').columns(['room_id', 'state', 'created_at']).execute();
  await schema.createIndex('reports_by_accused').on('reports').column('accused').execute();
}
