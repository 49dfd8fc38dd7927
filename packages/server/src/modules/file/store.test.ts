import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database } from '../../database/database.ts';
import type { FileRow } from './contract.ts';
import { FileStore, type FileBounds } from './store.ts';

const NOW = 1000;
const BOUNDS: FileBounds = { quotaBytes: 100, totalBytes: 0, files: 0 };

function fileRow(id: string, more: Partial<FileRow> = {}): FileRow {
  return {
    ...{ id, user_id: 'ada', kind: 'image', purpose: 'cover', name: id, state: 'ready', problem: null },
    ...{ size_bytes: 10, reserved_bytes: 0, width: null, height: null, duration_ms: null, media_type: null },
    ...{ storage_key: `images/${id}`, folder_id: null, recording_id: null, created_at: NOW, updated_at: NOW },
    ...{ expires_at: null, ...more },
  };
}

async function setUp(open: () => Promise<Database>) {
  const database = await open();
  const store = new FileStore(database, () => NOW);
  const reserve = (row: FileRow, bounds: Partial<FileBounds> = {}) =>
    database.transaction().execute((transaction) => store.reserve(transaction, row, { ...BOUNDS, ...bounds }));
  const move = (about: Parameters<FileStore['move']>[1]) =>
    database.transaction().execute((transaction) => store.move(transaction, about));
  return { database, store, reserve, move };
}

onEveryDatabase('files', (open) => {
  test('count for what they take, or for what is reserved while that is more', async () => {
    const { store, reserve, move } = await setUp(open);
    expect(await reserve(fileRow('a', { state: 'uploading', size_bytes: 0, reserved_bytes: 60 }))).toBe('taken');
    expect(await reserve(fileRow('b', { size_bytes: 41 }))).toBe('quota_exceeded');
    expect(await reserve(fileRow('b', { size_bytes: 41, user_id: 'ben' }))).toBe('taken');
    expect(await reserve(fileRow('c', { user_id: 'ben' }), { totalBytes: 110 })).toBe('files_full');
    await move({ id: 'a', from: ['uploading'], to: 'ready', changes: { size_bytes: 20, reserved_bytes: 0 } });
    expect(await store.usedBy('ada')).toBe(20);
    expect(await reserve(fileRow('c', { size_bytes: 80 }))).toBe('taken');
    expect(await store.usedBy('ada')).toBe(100);
  });

  test('that are reserved at one time never pass the quota', async () => {
    const { store, reserve } = await setUp(open);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => reserve(fileRow(`f${n}`, { size_bytes: 15 }))),
    );
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(6);
    expect(await store.usedBy('ada')).toBe(90);
  });

  test('have a bound of their number, and of those that are on their way', async () => {
    const { reserve } = await setUp(open);
    expect(await reserve(fileRow('a', { state: 'uploading' }), { unfinished: 1 })).toBe('taken');
    expect(await reserve(fileRow('b', { state: 'uploading' }), { unfinished: 1 })).toBe('too_many_uploads');
    expect(await reserve(fileRow('b', { kind: 'video' }), { unfinished: 1, files: 1 })).toBe('taken');
    expect(await reserve(fileRow('c'), { files: 1 })).toBe('too_many_files');
  });

  test('are listed, and looked for by letters that mean nothing to the database', async () => {
    const { store, reserve } = await setUp(open);
    await reserve(fileRow('a', { name: '100% Cat.png' }));
    await reserve(fileRow('b', { name: '1000 cats.png', created_at: NOW + 1 }));
    await reserve(fileRow('c', { name: 'dog', user_id: 'ben', kind: 'video', created_at: NOW + 2 }));
    const page = { page: 1, pageSize: 2 };
    const ids = async (filter: Parameters<FileStore['list']>[0]) =>
      (await store.list(filter, page)).rows.map(({ id }) => id);
    expect(await ids({})).toEqual(['c', 'b']);
    expect(await store.list({}, { page: 2, pageSize: 2 })).toMatchObject({
      total: 3,
      usedBytes: 30,
      rows: [{ id: 'a' }],
    });
    expect(await ids({ q: '00% CAT' })).toEqual(['a']);
    expect(await ids({ q: 'cat' })).toEqual(['b', 'a']);
    expect(await ids({ q: '_' })).toEqual([]);
    expect(await ids({ userId: 'ben', kind: 'video' })).toEqual(['c']);
    expect((await store.ofUser('ada')).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('change by compare-and-set, and are seen by nobody once deleted', async () => {
    const { database, store, reserve, move } = await setUp(open);
    await reserve(fileRow('a', { state: 'uploading', expires_at: NOW + 1, folder_id: 'here' }));
    expect(await move({ id: 'a', from: ['ready'], to: 'failed' })).toBeUndefined();
    expect(await store.expired(NOW, 10)).toEqual([]);
    expect((await store.expired(NOW + 1, 10)).map(({ id }) => id)).toEqual(['a']);
    const deleted = await database.transaction().execute((transaction) => store.markDeleted(transaction, 'a'));
    expect(deleted?.state).toBe('deleted');
    expect(await store.find('a')).toBeUndefined();
    expect(await store.findMany(['a'])).toEqual(new Map());
    expect(await store.usedBy('ada')).toBe(0);
    expect(await store.deleted(null, 10)).toEqual([]);
    expect((await store.deleted('here', 10)).map(({ id }) => id)).toEqual(['a']);
    await store.forget('a');
    expect(await store.deleted('here', 10)).toEqual([]);
  });
});
