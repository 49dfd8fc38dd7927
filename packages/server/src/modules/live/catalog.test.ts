import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { RoomCatalog } from './catalog.ts';
import type { ListRoomsQuery } from './contract.ts';
import { MemberStore } from './member-store.ts';
import { RoomStore, type RoomRow } from './store.ts';

const NOW = 1_000_000;

async function fill(database: Database, rows: readonly RoomRow[]): Promise<RoomStore> {
  const store = new RoomStore(database, () => NOW);
  await database.transaction().execute(async (transaction) => {
    for (const row of rows) expect(await store.insert(transaction, row)).toBe(true);
  });
  return store;
}

const list = (change: Partial<ListRoomsQuery> = {}): ListRoomsQuery => ({
  page: 1,
  pageSize: 100,
  sort: 'newest',
  ...change,
});

onEveryDatabase('lists of rooms', (open) => {
  test('search finds parts of titles in any case and script', async () => {
    const database = await open();
    const titles = ['晚上一起听音乐', 'École du Café', 'ＦＵＬＬ width', '100%_done', 'Ünïcode'];
    await fill(
      database,
      titles.map((title, n) => roomRow(`r${n}`, { title })),
    );
    const catalog = new RoomCatalog(database, () => NOW);
    const found = async (q: string) =>
      (await catalog.list(list({ q }), { withPrivate: false })).rows.map(({ title }) => title);
    expect(await found('听音')).toEqual(['晚上一起听音乐']);
    expect(await found('éCOLE')).toEqual(['École du Café']);
    expect(await found('CAFÉ')).toEqual(['École du Café']);
    expect(await found('full')).toEqual(['ＦＵＬＬ width']);
    expect(await found('%_')).toEqual(['100%_done']);
    expect(await found('üNÏ')).toEqual(['Ünïcode']);
    expect(await found('听 音')).toEqual([]);
    expect(await found("'; drop table rooms; --")).toEqual([]);
  });

  test('pages hold every room once, in the same order, though all were made at one time', async () => {
    const database = await open();
    const ids = Array.from({ length: 25 }, (_, n) => `r${String(n).padStart(2, '0')}`);
    await fill(
      database,
      ids.map((id) => roomRow(id, { title: '同名', viewer_count: 3 })),
    );
    const catalog = new RoomCatalog(database, () => NOW);
    for (const sort of ['newest', 'oldest', 'viewers', 'title'] as const) {
      const seen: string[] = [];
      for (const page of [1, 2, 3]) {
        const { rows, total } = await catalog.list(list({ sort, page, pageSize: 10 }), { withPrivate: false });
        expect(total).toBe(25);
        seen.push(...rows.map(({ id }) => id));
      }
      expect(seen).toEqual(ids);
    }
  });

  test('private rooms are in no list and no category but their owner’s', async () => {
    const database = await open();
    const store = await fill(database, [
      roomRow('a', { category: '音乐', user_id: 'u1', status: 'live' }),
      roomRow('b', { category: '音乐', user_id: 'u1' }),
      roomRow('c', { category: '游戏', is_private: 1, user_id: 'u1' }),
      roomRow('d', { category: '游戏', status: 'ended' }),
      roomRow('e', { category: '体育' }),
    ]);
    const catalog = new RoomCatalog(database, () => NOW);
    const ids = async (withPrivate: boolean) =>
      (await catalog.list(list({ userId: 'u1' }), { withPrivate })).rows.map(({ id }) => id);
    expect([await ids(false), await ids(true)]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
    expect(await catalog.categories()).toEqual([
      { category: '音乐', rooms: 2, live: 1 },
      { category: '体育', rooms: 1, live: 0 },
    ]);
    expect((await store.listed(['a', 'c', 'd', 'e'])).sort()).toEqual(['a', 'e']);
    expect((await store.newestLivePublicOf('u1'))?.id).toBe('a');
  });
});

onEveryDatabase('what is found', (open) => {
  test('is open, public and of nobody who is banned; what is live and most watched comes first', async () => {
    const database = await open();
    await insertUsers(
      database,
      userRow('ada'),
      userRow('eve', { banned_at: 1 }),
      userRow('ben', { banned_at: 1, banned_until: NOW }),
    );
    const tea = (id: string, fields: Partial<RoomRow> = {}) => roomRow(id, { title: `听 ＴＥＡ ${id}`, ...fields });
    await fill(database, [
      tea('waiting', { user_id: 'ada' }),
      tea('quiet', { status: 'live', viewer_count: 1, user_id: 'ben' }),
      tea('loud', { status: 'live', viewer_count: 5, user_id: 'ada' }),
      tea('ended', { status: 'ended', user_id: 'ada', start_time: 1, end_time: 50 }),
      tea('private', { status: 'live', is_private: 1, user_id: 'ada' }),
      tea('banned', { status: 'live', user_id: 'eve' }),
      tea('nobody', { status: 'live' }),
      roomRow('other', { title: '_%' }),
    ]);
    const catalog = new RoomCatalog(database, () => NOW);
    const ids = (rows: readonly RoomRow[]): string[] => rows.map(({ id }) => id);
    expect(ids(await catalog.search('听 tea', 10))).toEqual(['loud', 'quiet', 'nobody', 'waiting']);
    expect(ids(await catalog.search('TEA', 1))).toEqual(['loud']);
    expect(ids(await catalog.search('_', 10))).toEqual(['other']);
    expect(ids(await catalog.liveOf(['ada', 'ben', 'eve'], 10))).toEqual(['loud', 'quiet']);
    expect(await catalog.liveOf([], 10)).toEqual([]);
    expect(await catalog.lastShowsOf(['ada', 'ben'])).toEqual(new Map([['ada', 50]]));
  });
});

onEveryDatabase('changes of rooms', (open) => {
  test('a stream name belongs to one open room, and to the next when that has ended', async () => {
    const database = await open();
    const store = await fill(database, [roomRow('a', { play_id: 'channel' })]);
    const insert = (id: string) =>
      database.transaction().execute((transaction) => store.insert(transaction, roomRow(id, { play_id: 'channel' })));
    expect(await insert('b')).toBe(false);
    await database.transaction().execute((transaction) => store.transition(transaction, { id: 'a', to: 'ended' }));
    expect(await insert('b')).toBe(true);
    expect((await store.findByPlayId('channel'))?.id).toBe('b');
  });

  test('a grace ends a room only while it is the one that began', async () => {
    const database = await open();
    const store = await fill(database, [roomRow('a', { status: 'live', interrupted: 1, interrupted_at: NOW - 5 })]);
    const end = (interruptedAt: number) =>
      database
        .transaction()
        .execute((transaction) => store.endInterrupted(transaction, { id: 'a', interrupted_at: interruptedAt }));
    expect(await end(NOW - 6)).toBeUndefined();
    expect(await end(NOW - 5)).toMatchObject({ status: 'ended', end_time: NOW, interrupted: 0 });
    expect(await end(NOW - 5)).toBeUndefined();
  });

  test('memberships that are over do not count', async () => {
    const database = await open();
    await fill(database, [roomRow('a')]);
    let now = NOW;
    const members = new MemberStore(database, () => now);
    const ban = (expiresAt: number | null) =>
      database.transaction().execute((transaction) =>
        members.put(transaction, {
          ...{ room_id: 'a', person: 'user:x', kind: 'banned' as const, reason: null, created_by: null },
          ...{ created_at: NOW, expires_at: expiresAt },
        }),
      );
    const known = async () => (await members.kindsOf('a', ['user:x', 'user:y'])).length;
    const page = { kind: 'banned' as const, page: 1, pageSize: 10 };
    await ban(NOW + 10);
    expect([await known(), (await members.list('a', page)).total]).toEqual([1, 1]);
    now += 10;
    expect([await known(), (await members.list('a', page)).total]).toEqual([0, 0]);
    const remove = () =>
      database
        .transaction()
        .execute((transaction) => members.remove(transaction, { roomId: 'a', person: 'user:x', kind: 'banned' }));
    expect(await remove()).toBe(false);
    await ban(null);
    expect([await known(), await remove(), await remove()]).toEqual([1, true, false]);
  });
});
