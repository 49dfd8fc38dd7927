import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** What is said in rooms, how each channel keeps it in order, and its own emotes. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('chat_messages')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('room_id', 'text', required)
    .addColumn('channel_id', 'text', required)
    .addColumn('person', 'text', required)
    .addColumn('user_id', 'text')
    .addColumn('username', 'text')
    .addColumn('name', 'text', required)
    .addColumn('avatar', 'text')
    .addColumn('kind', 'text', required)
    .addColumn('text', 'text', required)
    .addColumn('style', 'text')
    .addColumn('reply_to', 'text')
    .addColumn('mentions', 'text')
    .addColumn('badge', 'text')
    .addColumn('media_at', 'bigint', required)
    .addColumn('at', 'bigint', required)
    .addColumn('state', 'text', required)
    .addColumn('masked', 'integer', required)
    .addColumn('client_id', 'text')
    .execute();
  await schema.createIndex('chat_by_room').on('chat_messages').columns(['room_id', 'id']).execute();
  await schema.createIndex('chat_by_media_time').on('chat_messages').columns(['room_id', 'media_at', 'id']).execute();
  await schema.createIndex('chat_by_person').on('chat_messages').columns(['room_id', 'person', 'id']).execute();
  await schema.createIndex('chat_by_user').on('chat_messages').columns(['user_id', 'id']).execute();
  await schema
    .createIndex('chat_once')
    .unique()
    .on('chat_messages')
    .columns(['room_id', 'person', 'client_id'])
    .execute();
  await schema
    .createTable('chat_settings')
    .addColumn('channel_id', 'text', (column) => column.primaryKey())
    .addColumn('slow_mode_seconds', 'integer', required)
    .addColumn('followers_only_minutes', 'integer')
    .addColumn('links', 'text', required)
    .addColumn('danmaku', 'integer', required)
    .addColumn('guests', 'integer', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema
    .createTable('chat_pins')
    .addColumn('room_id', 'text', (column) => column.primaryKey())
    .addColumn('message_id', 'text', required)
    .addColumn('pinned_at', 'bigint', required)
    .execute();
  await schema
    .createTable('emotes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('channel_id', 'text', required)
    .addColumn('code', 'text', required)
    .addColumn('mime', 'text', required)
    .addColumn('bytes', 'text', required)
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', required)
    .addUniqueConstraint('emotes_code', ['channel_id', 'code'])
    .execute();
}
