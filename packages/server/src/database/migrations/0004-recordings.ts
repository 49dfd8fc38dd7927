import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Broadcasts that were written to files, and whether a room is. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('rooms')
    .addColumn('recording', 'text', (column) => column.notNull().defaultTo('never'))
    .execute();
  await schema.alterTable('rooms').addColumn('recording_on', 'integer').execute();
  await schema
    .createTable('recordings')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', required)
    .addColumn('play_id', 'text', required)
    .addColumn('user_id', 'text')
    .addColumn('title', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('published', 'integer', required)
    .addColumn('folder_id', 'text')
    .addColumn('poster', 'integer')
    .addColumn('started_at', 'bigint', required)
    .addColumn('ended_at', 'bigint')
    .addColumn('duration_ms', 'bigint', required)
    .addColumn('size_bytes', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema.createIndex('recordings_by_room').on('recordings').columns(['room_id', 'started_at']).execute();
  await schema.createIndex('recordings_by_user').on('recordings').columns(['user_id', 'started_at']).execute();
  await schema.createIndex('recordings_by_play_id').on('recordings').columns(['play_id', 'started_at']).execute();
  await schema.createIndex('recordings_by_state').on('recordings').columns(['state', 'started_at']).execute();
  await schema
    .createTable('recording_parts')
    .addColumn('recording_id', 'text', required)
    .addColumn('n', 'integer', required)
    .addColumn('file', 'text', required)
    .addColumn('start_ms', 'bigint', required)
    .addColumn('epoch_ms', 'bigint', required)
    .addColumn('duration_ms', 'bigint', required)
    .addColumn('size_bytes', 'bigint', required)
    .addColumn('head_bytes', 'integer')
    .addColumn('segments', 'text')
    .addColumn('stored', 'integer', required)
    .addPrimaryKeyConstraint('recording_parts_key', ['recording_id', 'n'])
    .execute();
}
