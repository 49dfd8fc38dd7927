import type { Kysely } from 'kysely';
import { searchKeyOf } from '../search-key.ts';

interface Before {
  users: { id: string; name: string; name_key: string };
  recordings: { id: string; title: string; title_key: string };
}

/** Names and the titles of recordings as they are searched, as those of rooms are. */
export async function up(database: Kysely<Before>): Promise<void> {
  const { schema } = database;
  await schema
    .alterTable('users')
    .addColumn('name_key', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await schema
    .alterTable('recordings')
    .addColumn('title_key', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  for (const { id, name } of await database.selectFrom('users').select(['id', 'name']).execute())
    await database
      .updateTable('users')
      .set({ name_key: searchKeyOf(name) })
      .where('id', '=', id)
      .execute();
  for (const { id, title } of await database.selectFrom('recordings').select(['id', 'title']).execute())
    await database
      .updateTable('recordings')
      .set({ title_key: searchKeyOf(title) })
      .where('id', '=', id)
      .execute();
}
