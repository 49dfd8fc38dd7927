import type { Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import { up } from '../../database/migrations/0018-pictures.ts';
import { ImportStore } from './import-store.ts';

const SITE = 'https://pictures.example.org';
const OURS = '/files/00000000-0000-4000-8000-000000000000.webp';

onEveryDatabase('pictures of other sites', (open) => {
  test('are shown no more once the database knows of files, and wait to be fetched', async () => {
    const database = await open();
    // As it was before.
    await database.schema.dropTable('picture_imports').execute();
    for (const index of ['users_by_avatar', 'rooms_by_cover']) await database.schema.dropIndex(index).execute();
    await insertUsers(
      database,
      userRow('ada', { avatar: `${SITE}/ada.png` }),
      userRow('ben', { avatar: '/pictures/ben.png' }),
      userRow('cleo'),
    );
    await database
      .insertInto('rooms')
      .values([
        roomRow('one', { cover: `${SITE}/sky.png`, user_id: 'ada' }),
        roomRow('two', { cover: `${SITE}/sky.png`, user_id: 'ada' }),
        roomRow('nobodys', { cover: `${SITE}/sky.png` }),
      ])
      .execute();
    await up(database as unknown as Kysely<unknown>);
    const avatars = async () =>
      (await database.selectFrom('users').select('avatar').orderBy('id').execute()).map(({ avatar }) => avatar);
    const covers = async () =>
      (await database.selectFrom('rooms').select('cover').orderBy('id').execute()).map(({ cover }) => cover);
    expect(await avatars()).toEqual([null, '/pictures/ben.png', null]);
    expect(await covers()).toEqual([null, null, null]);

    const store = new ImportStore(database);
    const avatar = await store.next();
    if (avatar === undefined) throw new Error('nothing waits');
    expect(avatar).toMatchObject({ purpose: 'avatar', subject_id: 'ada', url: `${SITE}/ada.png`, tries: 0 });
    // Tried again after the others, and given up in the end.
    await store.failed(avatar, 2);
    const cover = await store.next();
    if (cover === undefined) throw new Error('nothing waits');
    expect(cover).toMatchObject({ purpose: 'cover', user_id: 'ada', url: `${SITE}/sky.png` });
    // Another one was chosen meanwhile; one fetch serves both rooms.
    await database.updateTable('rooms').set({ cover: '/files/other.webp' }).where('id', '=', 'two').execute();
    await store.done(cover, OURS);
    expect(await covers()).toEqual([null, OURS, '/files/other.webp']);
    const again = await store.next();
    expect(again).toMatchObject({ purpose: 'avatar', tries: 1 });
    if (again !== undefined) await store.failed(again, 2);
    expect(await store.next()).toBeUndefined();
    expect(await avatars()).toEqual([null, '/pictures/ben.png', null]);
  });
});
