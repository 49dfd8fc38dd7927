import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { RelayStore, type RelayRow } from './store.ts';

const NOW = 1_800_000_000_000;

function target(id: string, fields: Partial<RelayRow> = {}): RelayRow {
  return {
    ...{ id, play_id: 'stream', name: null, url: `rtmp://host/app/${id}`, enabled: 1 },
    ...{ created_at: NOW, updated_at: NOW, report: null, reported_at: null },
    ...fields,
  };
}

async function setUp(open: () => Promise<Database>, rooms: Parameters<typeof roomRow>[]) {
  const database = await open();
  const store = new RelayStore(database, () => NOW + 5);
  const commit = <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction().execute(work);
  if (rooms.length > 0)
    await database
      .insertInto('rooms')
      .values(rooms.map((room) => roomRow(...room)))
      .execute();
  const insert = (row: RelayRow, most = 5) => commit((transaction) => store.insert(transaction, row, most));
  return { database, store, commit, insert };
}

onEveryDatabase('relay targets', (open) => {
  test('belong to a stream, are bounded, changed and removed', async () => {
    const { store, commit, insert } = await setUp(open, [['a', { play_id: 'stream' }]]);
    expect(await insert(target('t1'), 2)).toBe(true);
    const taken = await Promise.all([insert(target('t2'), 2), insert(target('t3'), 2), insert(target('t4'), 2)]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await insert(target('elsewhere', { play_id: 'other' }), 2)).toBe(true);
    expect(await store.ofStream('stream')).toHaveLength(2);
    const change = (playId: string) =>
      commit((transaction) =>
        store.change(transaction, { playId, id: 't1', changes: { name: "名'; --", enabled: 0 } }),
      );
    expect(await change('other')).toBeUndefined();
    expect(await change('stream')).toEqual(target('t1', { name: "名'; --", enabled: 0, updated_at: NOW + 5 }));
    const remove = (playId: string) => commit((transaction) => store.remove(transaction, { playId, id: 't1' }));
    expect(await remove('other')).toBeUndefined();
    expect((await remove('stream'))?.id).toBe('t1');
    expect(await remove('stream')).toBeUndefined();
  });

  test('are due when turned on, of rooms that are open; a preview is not shown', async () => {
    const { store, insert } = await setUp(open, [
      ['old', { play_id: 'channel', status: 'ended' }],
      ['new', { play_id: 'channel', status: 'live' }],
      ['preview', { play_id: 'preview', auto_live: 0 }],
      ['soon', { play_id: 'soon' }],
      ['over', { play_id: 'over', status: 'ended' }],
    ]);
    for (const playId of ['channel', 'preview', 'soon', 'over']) await insert(target(playId, { play_id: playId }));
    await insert(target('off', { play_id: 'channel', enabled: 0 }));
    const due = await store.due(['channel', 'preview', 'over', 'nobody', 'soon']);
    expect(due.map(({ id, isShown }) => `${id} ${isShown}`).toSorted()).toEqual([
      'channel true',
      'preview false',
      'soon true',
    ]);
    expect(await store.due([])).toEqual([]);
  });

  test('keep what another node said of them', async () => {
    const { store, insert } = await setUp(open, [['a', { play_id: 'stream' }]]);
    await insert(target('t1'));
    await store.report([{ id: 't1', report: '{}' }]);
    expect(await store.ofStream('stream')).toEqual([target('t1', { report: '{}', reported_at: NOW + 5 })]);
    await store.report([{ id: 't1', report: null }]);
    expect((await store.ofStream('stream'))[0]?.report).toBeNull();
  });

  test('of an account are those of its channel and its rooms, and go with it', async () => {
    const { database, store, commit, insert } = await setUp(open, [
      ['hers', { play_id: 'room', user_id: 'ada' }],
      ['his', { play_id: 'his', user_id: 'bob' }],
    ]);
    await insertUsers(database, userRow('ada', { play_id: 'channel' }), userRow('bob'));
    for (const playId of ['channel', 'room', 'his']) await insert(target(playId, { play_id: playId }));
    const ids = async (userId: string) => (await store.ofUser(userId)).map(({ id }) => id).toSorted();
    expect(await ids('ada')).toEqual(['channel', 'room']);
    await commit((transaction) => store.forgetUser(transaction, 'ada'));
    expect([await ids('ada'), await ids('bob')]).toEqual([[], ['his']]);
  });
});
