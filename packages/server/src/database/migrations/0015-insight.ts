import type { ColumnDefinitionBuilder, CreateTableBuilder, Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();

/** How the platform does, and how broadcasts went. */
export async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('monitor_minutes')
    .addColumn('at', 'bigint', key)
    .addColumn('viewers', 'integer', required)
    .addColumn('streams', 'integer', required)
    .addColumn('connections', 'integer', required)
    .addColumn('in_bps', 'bigint', required)
    .addColumn('out_bps', 'bigint', required)
    .addColumn('cpu_permille', 'integer', required)
    .addColumn('rss_bytes', 'bigint', required)
    .addColumn('event_loop_delay_ms', 'integer', required)
    .execute();
  await asPoints(schema.createTable('room_points'))
    .addPrimaryKeyConstraint('room_points_key', ['room_id', 'at'])
    .execute();
  await schema.createIndex('room_points_by_time').on('room_points').column('at').execute();
  await asPoints(schema.createTable('room_minutes'))
    .addColumn('user_id', 'text')
    .addColumn('peak_viewers', 'integer', required)
    .addColumn('watch_ms', 'bigint', required)
    .addPrimaryKeyConstraint('room_minutes_key', ['room_id', 'at'])
    .execute();
  await schema.createIndex('room_minutes_by_user').on('room_minutes').columns(['user_id', 'at']).execute();
  await schema.createIndex('room_minutes_by_time').on('room_minutes').column('at').execute();
  await schema
    .createTable('room_people')
    .addColumn('room_id', 'text', required)
    .addColumn('person_hash', 'text', required)
    .addPrimaryKeyConstraint('room_people_key', ['room_id', 'person_hash'])
    .execute();
  await schema
    .createTable('room_summaries')
    .addColumn('room_id', 'text', key)
    .addColumn('user_id', 'text')
    .addColumn('title', 'text', required)
    .addColumn('started_at', 'bigint', required)
    .addColumn('ended_at', 'bigint', required)
    .addColumn('peak_viewers', 'integer', required)
    .addColumn('watch_ms', 'bigint', required)
    .addColumn('viewers', 'integer', required)
    .addColumn('messages', 'integer', required)
    .addColumn('chatters', 'integer', required)
    .addColumn('new_followers', 'integer', required)
    .addColumn('interruptions', 'integer', required)
    .execute();
  await schema.createIndex('room_summaries_by_user').on('room_summaries').columns(['user_id', 'started_at']).execute();
  await schema.createIndex('room_summaries_by_end').on('room_summaries').column('ended_at').execute();
  await schema
    .alterTable('rooms')
    .addColumn('interruptions', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  // Broadcasts that are over and not summed up yet are looked for again and again.
  await schema.createIndex('rooms_by_end').on('rooms').column('end_time').execute();
}

function asPoints(table: CreateTableBuilder<string, never>): CreateTableBuilder<string, string> {
  return table
    .addColumn('room_id', 'text', required)
    .addColumn('at', 'bigint', required)
    .addColumn('viewers', 'integer', required)
    .addColumn('bitrate_bps', 'bigint')
    .addColumn('fps_milli', 'integer')
    .addColumn('keyframe_interval_ms', 'integer')
    .addColumn('rtt_ms', 'integer')
    .addColumn('messages', 'integer', required)
    .addColumn('coins', 'bigint', required);
}
