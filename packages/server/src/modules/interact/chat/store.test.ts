import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { roomRow } from '../../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../../test/support/user-rows.ts';
import type { Database, Transaction } from '../../../database/database.ts';
import { timeKey } from './contract.ts';
import { ChatStore, type MessageRow } from './store.ts';

const NOW = 1_800_000_000_000;

function message(n: number, fields: Partial<MessageRow> = {}): MessageRow {
  return {
    ...{ id: `${timeKey(NOW + n)}0000000000`, room_id: 'room', channel_id: 'ada', person: 'user:bob', user_id: 'bob' },
    ...{ username: 'bob', name: 'Bob', avatar: null, kind: 'text', text: `line ${n}`, style: null, reply_to: null },
    ...{ mentions: null, badge: null, media_at: NOW + n, at: NOW + n, state: 'shown', masked: 0, client_id: null },
    ...fields,
  };
}

async function setUp(open: () => Promise<Database>, rows: MessageRow[]) {
  const database = await open();
  const store = new ChatStore(database);
  const commit = <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction().execute(work);
  const insert = (more: MessageRow[]) => commit((transaction) => store.insert(transaction, more));
  await insert(rows);
  return { database, store, commit, insert };
}

const textsOf = (rows: readonly { text: string }[]): string[] => rows.map(({ text }) => text);
const range = (count: number): MessageRow[] => Array.from({ length: count }, (_, n) => message(n));

onEveryDatabase('chat', (open) => {
  test('pages go both ways in the order of time, of what is shown', async () => {
    const { store } = await setUp(open, [
      ...range(10),
      message(10, { state: 'held' }),
      message(11, { state: 'deleted' }),
      message(12, { room_id: 'other' }),
    ]);
    expect(textsOf(await store.page('room', { limit: 3 }))).toEqual(['line 7', 'line 8', 'line 9']);
    const before = message(7).id;
    expect(textsOf(await store.page('room', { before, limit: 2 }))).toEqual(['line 5', 'line 6']);
    expect(textsOf(await store.page('room', { after: before, limit: 9 }))).toEqual(['line 8', 'line 9']);
    expect(textsOf(await store.held('room', 5))).toEqual(['line 10']);
  });

  test('more than one statement holds are written, each name once', async () => {
    const { insert, store } = await setUp(open, []);
    expect((await insert(range(450))).size).toBe(450);
    const twice = [message(1000, { client_id: 'c' }), message(1001, { client_id: 'c' })];
    expect([...(await insert(twice))]).toEqual([twice[0]?.id]);
    expect((await insert([message(1002, { client_id: 'c' })])).size).toBe(0);
    expect((await insert([message(1003, { client_id: 'c', person: 'user:eve' })])).size).toBe(1);
    expect((await store.said('room', 'user:bob', 'c'))?.id).toBe(twice[0]?.id);
  });

  test('by the time of the picture, in pages that miss nothing where times are equal', async () => {
    const rows = range(9).map((row, n) => ({ ...row, media_at: NOW + Math.floor((8 - n) / 3) * 1000 }));
    const { store } = await setUp(open, rows);
    const found: string[] = [];
    let after: { mediaAt: number; id: string } | undefined;
    for (;;) {
      const page = await store.byMediaTime('room', { from: NOW, to: NOW + 5000, after, limit: 2 });
      found.push(...textsOf(page));
      const last = page.at(-1);
      if (last === undefined) break;
      after = { mediaAt: last.media_at, id: last.id };
    }
    expect(found).toEqual([6, 7, 8, 3, 4, 5, 0, 1, 2].map((n) => `line ${n}`));
    const middle = await store.byMediaTime('room', { from: NOW + 1000, to: NOW + 2000, limit: 10 });
    expect(textsOf(middle)).toEqual(['line 3', 'line 4', 'line 5']);
  });

  test('states move by compare and set, and a person is cleared', async () => {
    const { store, commit } = await setUp(open, [message(0, { state: 'held' }), ...range(3).slice(1)]);
    const { id } = message(0);
    const show = () => commit((transaction) => store.move(transaction, { id, from: 'held', to: 'shown' }));
    expect((await Promise.all([show(), show()])).filter((row) => row !== undefined)).toHaveLength(1);
    expect(await commit((transaction) => store.clear(transaction, 'room', 'user:eve'))).toBe(0);
    expect(await commit((transaction) => store.clear(transaction, 'room', 'user:bob'))).toBe(3);
    expect(await store.page('room', { limit: 9 })).toEqual([]);
  });

  test('who wrote lately, and what they said', async () => {
    const { store } = await setUp(open, [...range(2), message(3, { person: 'user:eve', user_id: 'eve' })]);
    expect(await store.whoWrote('room', ['bob', 'eve', 'mallory'], NOW + 2)).toEqual(new Set(['eve']));
    expect(await store.saidSince('room', 'bob', { sinceMs: NOW, limit: 9 })).toEqual(['line 1', 'line 0']);
  });

  test('an account that goes takes texts and names with it', async () => {
    const { store, commit, database } = await setUp(open, [
      ...range(2),
      message(5, { room_id: 'old', at: NOW - 5000 }),
      message(6, { person: 'user:eve', user_id: 'eve' }),
    ]);
    expect((await store.ofUser('bob', { limit: 10 })).length).toBe(3);
    expect(await commit((transaction) => store.forgetUser(transaction, 'bob', NOW - 1000))).toEqual(['room']);
    const left = await database.selectFrom('chat_messages').select(['text', 'name', 'username', 'state']).execute();
    expect(left.filter(({ state }) => state === 'deleted')).toEqual(
      Array.from({ length: 3 }, () => ({ text: '', name: '', username: null, state: 'deleted' })),
    );
    expect(textsOf(await store.page('room', { limit: 9 }))).toEqual(['line 6']);
  });

  test('what is old is swept in pieces, but not where a replay is published', async () => {
    const rows = [...range(5), ...range(5).map((row) => ({ ...row, id: `${row.id.slice(0, -1)}1`, room_id: 'kept' }))];
    const { store, database } = await setUp(open, [...rows, message(10)]);
    await insertUsers(database, userRow('ada'));
    await database
      .insertInto('rooms')
      .values(roomRow('kept', { user_id: 'ada' }))
      .execute();
    await database
      .insertInto('recordings')
      .values({
        ...{ id: 'r', room_id: 'kept', play_id: 'play', user_id: 'ada', title: 't', state: 'ready', published: 1 },
        ...{ folder_id: null, poster: null, started_at: NOW, ended_at: NOW, duration_ms: 1, size_bytes: 1 },
        updated_at: NOW,
      })
      .execute();
    let after: string | undefined = '';
    let rounds = 0;
    while (after !== undefined) {
      after = await store.sweep({ beforeMs: NOW + 5, after, limit: 3 });
      rounds++;
    }
    expect(rounds).toBe(5);
    expect(textsOf(await store.page('room', { limit: 99 }))).toEqual(['line 10']);
    expect(await store.page('kept', { limit: 99 })).toHaveLength(5);
    expect(await store.openRooms('ada')).toEqual(['kept']);
  });
});
