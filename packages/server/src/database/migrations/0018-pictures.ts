import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Pictures of other sites, which people could name as theirs before: fetched once by the platform, and shown from here. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('picture_imports')
    .addColumn('purpose', 'text', required)
    .addColumn('subject_id', 'text', required)
    .addColumn('user_id', 'text', required)
    .addColumn('url', 'text', required)
    .addColumn('tries', 'integer', required)
    .addPrimaryKeyConstraint('picture_imports_of', ['purpose', 'subject_id'])
    .execute();
  await sql`insert into picture_imports (purpose, subject_id, user_id, url, tries)
    select 'avatar', id, id, avatar, 0 from users where avatar like 'http%'`.execute(database);
  await sql`insert into picture_imports (purpose, subject_id, user_id, url, tries)
    select 'cover', id, user_id, cover, 0 from rooms where cover like 'http%' and user_id is not null`.execute(
    database,
  );
  // From here on no page shows a picture of another site.
  await sql`update users set avatar = null where avatar like 'http%'`.execute(database);
  await sql`update rooms set cover = null where cover like 'http%'`.execute(database);
  await sql`update chat_messages set avatar = null where avatar like 'http%'`.execute(database);
  // Asked for every picture that nobody may show any more.
  await schema.createIndex('users_by_avatar').on('users').column('avatar').execute();
  await schema.createIndex('rooms_by_cover').on('rooms').column('cover').execute();
}
