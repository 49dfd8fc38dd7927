import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import { ApiKeyStore, type ApiKeyRow } from './api-key-store.ts';

const NOW = 1_800_000_000_000;

const keyRow = (id: string, more: Partial<ApiKeyRow> = {}): ApiKeyRow => ({
  ...{ id, user_id: 'ada', name: id, key_hash: `hash-${id}`, scopes: 'rooms:read', created_at: NOW },
  ...{ expires_at: null, last_used_at: null },
  ...more,
});

onEveryDatabase('API keys', (open) => {
  test('are their account’s: listed by age, found by hash, deleted by nobody else', async () => {
    const database = await open();
    const store = new ApiKeyStore(database);
    await insertUsers(database, userRow('ada'), userRow('ben'));
    await database.transaction().execute(async (transaction) => {
      await store.insert(transaction, keyRow('new', { created_at: NOW + 1 }));
      await store.insert(transaction, keyRow('old'));
      await store.insert(transaction, keyRow('bens', { user_id: 'ben' }));
    });
    expect((await store.of('ada')).map(({ id }) => id)).toEqual(['old', 'new']);
    expect(await store.findByHash('hash-old')).toEqual(keyRow('old'));
    expect(await store.findByHash('hash')).toBeUndefined();
    const remove = (id: string, userId: string) =>
      database.transaction().execute((transaction) => store.delete(transaction, { id, userId }));
    expect(await remove('bens', 'ada')).toBeUndefined();
    expect(await remove('old', 'ada')).toBe('hash-old');
    expect(await remove('old', 'ada')).toBeUndefined();
    expect(await store.findByHash('hash-bens')).toBeDefined();
  });

  test('the last use is written once a minute', async () => {
    const database = await open();
    const store = new ApiKeyStore(database);
    await insertUsers(database, userRow('ada'));
    await database.transaction().execute((transaction) => store.insert(transaction, keyRow('one')));
    const used = async (nowMs: number) => {
      await store.markUsed('one', nowMs);
      return (await store.findByHash('hash-one'))?.last_used_at;
    };
    expect(await used(NOW)).toBe(NOW);
    expect(await used(NOW + 59_999)).toBe(NOW);
    expect(await used(NOW + 60_000)).toBe(NOW + 60_000);
  });
});
