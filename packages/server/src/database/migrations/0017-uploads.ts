import { sql, type Kysely } from 'kysely';

/**
 * A recording that was uploaded has no room and no channel's stream: both may be null. SQLite cannot take `not null`
 * from a column, so that each is made anew, with what the old one held.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema.dropIndex('recordings_by_room').execute();
  await schema.dropIndex('recordings_by_play_id').execute();
  for (const column of ['room_id', 'play_id']) {
    await schema.alterTable('recordings').addColumn('new_column', 'text').execute();
    await sql`update recordings set new_column = ${sql.ref(column)}`.execute(database);
    await schema.alterTable('recordings').dropColumn(column).execute();
    await schema.alterTable('recordings').renameColumn('new_column', column).execute();
  }
  await schema.createIndex('recordings_by_room').on('recordings').columns(['room_id', 'started_at']).execute();
  await schema.createIndex('recordings_by_play_id').on('recordings').columns(['play_id', 'started_at']).execute();
}
