import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database, Transaction } from '../../database/database.ts';
import type { RecordedPart } from '../../engine/contract.ts';
import { KeeperStore } from './keeper-store.ts';
import { RecordingStore, type NewRecordingRow } from './store.ts';

const NOW = 1_800_000_000_000;
const HERE = 'folder-here';
const PAGE = { page: 1, pageSize: 10 };

function recording(id: string, fields: Partial<NewRecordingRow> = {}): NewRecordingRow {
  return {
    ...{ id, room_id: 'room', play_id: 'stream', user_id: null, title: `title ${id}`, state: 'ready', published: 0 },
    ...{ folder_id: HERE, poster: null, started_at: NOW, ended_at: null, duration_ms: 1000, size_bytes: 100 },
    updated_at: NOW,
    ...fields,
  };
}

const part = (n: number, sizeBytes = 100): RecordedPart => ({
  ...{ n, file: `00${n}.mp4`, startMs: 0, epochMs: NOW, durationMs: 1000, sizeBytes },
});

async function setUp(open: () => Promise<Database>, rooms: Parameters<typeof roomRow>[], rows: NewRecordingRow[]) {
  const database = await open();
  const store = new RecordingStore(database, () => NOW + 5);
  const commit = <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction().execute(work);
  const roomRows = rooms.map((room) => roomRow(...room));
  if (roomRows.length > 0) await database.insertInto('rooms').values(roomRows).execute();
  for (const row of rows) await commit((transaction) => store.insert(transaction, row));
  return { database, store, keeper: new KeeperStore(database), commit };
}

const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);

onEveryDatabase('recordings', (open) => {
  test('are listed to those who may see them, the newest first, and changed while they are there', async () => {
    const { store, commit } = await setUp(
      open,
      [
        ['room', {}],
        ['hidden', { is_private: 1 }],
      ],
      [
        recording('mine', { user_id: 'ada', started_at: NOW + 1 }),
        recording('shown', { user_id: 'ada', published: 1, started_at: NOW + 2 }),
        recording('private', { room_id: 'hidden', published: 1 }),
        recording('running', { state: 'recording', published: 1, started_at: NOW + 3 }),
        recording('gone', { state: 'deleted', published: 1, user_id: 'ada' }),
      ],
    );
    const list = async (filter: Parameters<typeof store.list>[0], page = PAGE) => {
      const { rows, total } = await store.list(filter, page);
      return [...ids(rows), total];
    };
    expect(await list({ all: false })).toEqual(['shown', 1]);
    expect(await list({ roomId: 'hidden', all: false })).toEqual(['private', 1]);
    expect(await list({ userId: 'ada', all: true })).toEqual(['shown', 'mine', 2]);
    expect(await list({ roomId: 'room', all: true }, { page: 2, pageSize: 2 })).toEqual(['mine', 3]);
    const rename = (id: string) =>
      commit((transaction) => store.change(transaction, { id, changes: { title: "名'; --" } }));
    expect(await rename('mine')).toMatchObject({ title: "名'; --", updated_at: NOW + 5 });
    expect(await rename('gone')).toBeUndefined();
    expect(await store.find('gone')).toBeUndefined();
    const move = () => commit((transaction) => store.move(transaction, { id: 'mine', from: ['ready'], to: 'deleted' }));
    expect((await move())?.state).toBe('deleted');
    expect(await move()).toBeUndefined();
    expect(ids(await store.ofUser('ada'))).toEqual(['shown']);
  });

  test('are found by a part of their title by everybody, as far as everybody may see them', async () => {
    const published = (id: string, fields: Partial<NewRecordingRow> = {}) =>
      recording(id, { title: `听 ＴＥＡ ${id}`, published: 1, ...fields });
    const { database, store, commit } = await setUp(
      open,
      [
        ['room', {}],
        ['hidden', { is_private: 1 }],
      ],
      [
        published('old', { user_id: 'ada' }),
        published('new', { started_at: NOW + 1 }),
        published('unpublished', { published: 0 }),
        published('private', { room_id: 'hidden' }),
        published('running', { state: 'recording' }),
        published('banned', { user_id: 'eve' }),
        published('other', { title: '100%' }),
      ],
    );
    await insertUsers(database, userRow('ada'), userRow('eve', { banned_at: NOW, banned_until: NOW + 10 }));
    const found = async (q: string, nowMs = NOW) => ids(await store.search(q, { limit: 10, nowMs }));
    expect(await found('听 tea')).toEqual(['new', 'old']);
    expect(await found('听 tea', NOW + 10)).toEqual(['new', 'banned', 'old']);
    expect([await found('0%'), await found('%')]).toEqual([['other'], ['other']]);
    expect(ids(await store.search('tea', { limit: 1, nowMs: NOW }))).toEqual(['new']);
    await commit((transaction) => store.change(transaction, { id: 'new', changes: { title: 'Coffee' } }));
    expect([await found('TEA'), await found('COFFEE')]).toEqual([['old'], ['new']]);
  });

  test('are to be made of rooms that are shown and asked for, and go on while that is so', async () => {
    const rooms: Parameters<typeof roomRow>[] = [
      ['always', { play_id: 'always', recording: 'always', status: 'live' }],
      ['soon', { play_id: 'soon', recording: 'always' }],
      ['preview', { play_id: 'preview', recording: 'always', auto_live: 0 }],
      ['by-hand', { play_id: 'by-hand', recording: 'manual', status: 'live' }],
      ['stopped', { play_id: 'stopped', recording: 'always', recording_on: 0, status: 'live' }],
      ['over', { play_id: 'over', recording: 'always', status: 'ended' }],
      ['p2p', { play_id: 'p2p', recording: 'always', mode: 'p2p', status: 'live' }],
    ];
    const { store, commit } = await setUp(open, rooms, [
      recording('a', { room_id: 'always', state: 'recording' }),
      recording('b', { room_id: 'over', state: 'recording' }),
      recording('c', { room_id: 'no such room', state: 'recording' }),
      recording('d', { room_id: 'always', state: 'recording', folder_id: 'elsewhere' }),
    ]);
    const wanted = async () =>
      (await store.streamRooms(rooms.map(([id]) => id)))
        .filter(({ isWanted }) => isWanted)
        .map(({ roomId }) => roomId)
        .toSorted();
    expect(await wanted()).toEqual(['always', 'soon']);
    const setWish = (id: string) => commit((transaction) => store.setWish(transaction, id, true));
    expect([await setWish('by-hand'), await setWish('over')]).toEqual([true, false]);
    expect(await wanted()).toEqual(['always', 'by-hand', 'soon']);
    expect(await store.streamRooms([])).toEqual([]);
    const running = (await store.running(HERE)).map(({ id, isWanted }) => `${id} ${isWanted}`);
    expect(running.toSorted()).toEqual(['a true', 'b false', 'c false']);
  });

  test('are worked on file by file, until nothing is left to be done', async () => {
    const { store, commit } = await setUp(open, [['room', {}]], [recording('r', { state: 'processing' })]);
    await store.addPart('r', part(1));
    await commit((transaction) => store.setParts(transaction, 'r', [part(1), part(2)]));
    await commit((transaction) => store.setParts(transaction, 'r', [part(1, 200), part(2)]));
    const work = async (withUploads: boolean) =>
      (await store.work(HERE, { withUploads, limit: 10 })).map(({ n, size_bytes: bytes }) => [n, bytes]);
    const finished = async (withUploads: boolean) => ids(await store.finished(HERE, { withUploads }));
    expect(await work(false)).toEqual([
      [1, 200],
      [2, 100],
    ]);
    expect(await finished(false)).toEqual([]);
    await store.setIndex('r', 1, { headBytes: 10, segments: [{ bytes: 90, durationMs: 1000 }] });
    await store.setIndex('r', 2, undefined);
    expect([await work(false), await finished(false)]).toEqual([[], ['r']]);
    expect([await work(true), await finished(true)]).toEqual([[[1, 200]], []]);
    await store.setStored('r', 1);
    expect([await work(true), await finished(true)]).toEqual([[], ['r']]);
    await commit((transaction) => store.setParts(transaction, 'r', []));
    expect(await store.parts(['r'])).toMatchObject([
      { n: 1, head_bytes: 10, stored: 1 },
      { n: 2, head_bytes: 0 },
    ]);
    expect((await store.part('r', 1))?.segments).toBe('[[90,1000]]');
    await store.setPoster('r', true);
    await store.leaveFolder('r');
    expect(await store.find('r')).toMatchObject({ poster: 1, folder_id: null });
  });

  test('are counted, and go in the order of how much they are missed', async () => {
    const { database, store, keeper } = await setUp(
      open,
      [
        ['live', { play_id: 'live', status: 'live' }],
        ['old', { play_id: 'old', status: 'ended' }],
      ],
      [
        recording('published', { room_id: 'old', play_id: 'old', published: 1, started_at: NOW - 9 }),
        recording('newer', { room_id: 'old', play_id: 'old', started_at: NOW - 1 }),
        recording('older', { room_id: 'old', play_id: 'old', started_at: NOW - 2, user_id: 'ada', size_bytes: 500 }),
        recording('live', { room_id: 'live', play_id: 'live' }),
        recording('elsewhere', { room_id: 'old', play_id: 'other', started_at: NOW - 3, folder_id: null }),
        recording('running', { room_id: 'live', play_id: 'live', state: 'recording', size_bytes: 0 }),
        recording('gone', { state: 'deleted', play_id: 'old' }),
      ],
    );
    await insertUsers(database, userRow('ada', { role: 'admin' }), userRow('bob'));
    const disposable = async (where: object = {}) => ids(await keeper.disposable({ limit: 10, ...where }));
    expect(await disposable()).toEqual(['elsewhere', 'older', 'newer', 'published']);
    expect(await disposable({ folderId: HERE })).toEqual(['older', 'newer', 'published']);
    expect(await disposable({ playId: 'other' })).toEqual(['elsewhere']);
    expect(ids(await keeper.olderThan(NOW - 1, 10))).toEqual(['published', 'elsewhere', 'older']);
    expect(await keeper.growth(NOW - 5)).toEqual({ bytes: 900, oldestMs: NOW - 3 });
    expect(await keeper.growth(NOW + 1)).toEqual({ bytes: 0, oldestMs: null });
    expect(await keeper.countByState()).toEqual({ ready: 5, recording: 1, deleted: 1 });
    expect(await database.transaction().execute((transaction) => keeper.administrators(transaction))).toEqual(['ada']);

    await store.addPart('older', part(1, 300));
    await store.addPart('older', part(2, 200));
    await store.setStored('older', 2);
    await store.addPart('running', part(1, 50));
    const [most, ...others] = await keeper.usages({ limit: 10 });
    expect(most).toMatchObject({ playId: 'old', userId: 'ada', recordings: 3, sizeBytes: 500 });
    // What was stopped and is not over counts; what the engine is writing counts there.
    expect(others.find(({ playId }) => playId === 'live')).toMatchObject({ recordings: 2, sizeBytes: 50 });
    expect(await keeper.usages({ limit: 10, over: 499 })).toHaveLength(1);
    expect(await keeper.usages({ limit: 10, over: 49, openIds: ['running'] })).toHaveLength(1);
    expect([await keeper.usedBy('old', []), await keeper.usedBy('nobody', [])]).toEqual([500, 0]);
    expect([await keeper.usedBy('live', []), await keeper.usedBy('live', ['running'])]).toEqual([50, 0]);
    await store.addPart('gone', part(1, 1000));
    expect(await keeper.totals(HERE, ['running'])).toEqual({ usedBytes: 500, folderBytes: 300, waitingParts: 1 });
    expect(await keeper.totals(HERE, [])).toEqual({ usedBytes: 550, folderBytes: 350, waitingParts: 2 });
    expect(await keeper.storedBytes()).toBe(200);
    expect([ids(await keeper.deleted(HERE, 10)), await keeper.deleted('elsewhere', 10)]).toEqual([['gone'], []]);
    await keeper.forget('gone');
    await keeper.forget('older');
    expect(await keeper.deleted(HERE, 10)).toEqual([]);
    expect((await store.parts(['older', 'gone'])).map(({ recording_id: id }) => id)).toEqual(['older', 'older']);
  });
});
