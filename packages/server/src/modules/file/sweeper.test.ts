import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../../test/harness.ts';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { DiskStorage } from '../../storage/disk-storage.ts';
import type { FileRow } from './contract.ts';
import { pictureFile, pictureFiles, pictureKey, pictureUrl } from './keys.ts';
import { FileStore } from './store.ts';
import { Sweeper } from './sweeper.ts';

const HOUR_MS = 3_600_000;
const idOf = (n: number): string => `0000000${n}-0000-4000-8000-000000000000`;

async function setUp(open: () => Promise<Database>) {
  const database = await open();
  const folder = tempFolder();
  const logger = pino({ level: 'silent' });
  let nowMs = Date.now();
  const now = (): number => nowMs;
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const outbox = new Outbox({ database, logger, now });
  const storage = await DiskStorage.open(folder, { minFreeBytes: 0 });
  const store = new FileStore(database, now);
  const erased: string[] = [];
  const removeVideo = async ({ id }: FileRow): Promise<boolean> => Boolean(erased.push(id));
  const sweeper = new Sweeper({
    ...{ store, outbox, storage, state, options: { orphanHours: 24 }, removeVideo, logger, now },
  });
  await insertUsers(database, userRow('ada', { avatar: pictureUrl(idOf(1)) }));
  const keep = async (n: number, more: Partial<FileRow> = {}): Promise<void> => {
    const id = idOf(n);
    const row: FileRow = {
      ...{ id, user_id: 'ada', kind: 'image', purpose: 'avatar', name: '', state: 'ready', problem: null },
      ...{ size_bytes: 1, reserved_bytes: 0, width: null, height: null, duration_ms: null, media_type: null },
      ...{ storage_key: pictureKey(id), folder_id: storage.folderId, recording_id: null },
      ...{ created_at: nowMs, updated_at: nowMs, expires_at: null, ...more },
    };
    await database.insertInto('files').values(row).execute();
    if (row.kind === 'image') for (const file of pictureFiles(id, 'avatar')) await storage.put(file, Buffer.from('x'));
  };
  const left = async (): Promise<number[]> => (await store.ofUser('ada')).map(({ id }) => Number(id.slice(0, 8)));
  const bytes = async (): Promise<string[]> => (await storage.list('images/')).map(({ key }) => key);
  return {
    database,
    folder,
    storage,
    store,
    sweeper,
    keep,
    left,
    bytes,
    erased,
    wait: (ms: number) => void (nowMs += ms),
  };
}

onEveryDatabase('files that nobody needs', (open) => {
  test('go a day after they came, unless an account or a room shows them', async () => {
    const { database, sweeper, keep, left, bytes, wait } = await setUp(open);
    for (const n of [1, 2, 3]) await keep(n);
    await database
      .insertInto('rooms')
      .values(roomRow('room', { cover: pictureUrl(idOf(2)) }))
      .execute();
    await sweeper.deleteUnused();
    expect(await left()).toEqual([1, 2, 3]);
    wait(25 * HOUR_MS);
    await sweeper.deleteUnused();
    expect(await left()).toEqual([1, 2]);
    // The bytes go by the second step, however long after the first.
    expect(await bytes()).toHaveLength(12);
    await sweeper.removeDeleted();
    expect(await bytes()).toEqual([1, 2].flatMap((n) => pictureFiles(idOf(n), 'avatar')).toSorted());
  });

  test('go when they never came whole, or their account is gone; videos by those who know them', async () => {
    const { database, sweeper, keep, left, erased, store, wait } = await setUp(open);
    await keep(1);
    await keep(2, { state: 'uploading', expires_at: Date.now() + 1000 });
    await keep(3, { kind: 'video', purpose: 'video', state: 'deleted' });
    await keep(4, { user_id: 'nobody' });
    wait(2 * HOUR_MS);
    await sweeper.deleteUnused();
    expect(await left()).toEqual([1]);
    expect(await store.ofUser('nobody')).toEqual([]);
    await sweeper.removeDeleted();
    expect(erased).toEqual([idOf(3)]);
    expect(await store.known([1, 2, 3, 4].map(idOf))).toEqual(new Set([idOf(1)]));
    expect(
      await database.selectFrom('outbox').select('event').where('event', '=', 'file.changed').execute(),
    ).toHaveLength(2);
  });

  test('a crash or a lost disk left are put right: bytes without a row, rows without bytes', async () => {
    const { database, folder, storage, store, sweeper, keep, bytes, wait } = await setUp(open);
    await keep(1);
    await keep(2, { folder_id: 'elsewhere' });
    await storage.delete(pictureFile(idOf(1), 'full'));
    await storage.delete(pictureFile(idOf(2), 'full'));
    const [stray, fresh] = [pictureFile(idOf(8), 64), pictureFile(idOf(9), 64)];
    for (const key of [stray, fresh, 'images/notes.txt']) await storage.put(key, Buffer.from('x'));
    wait(2 * HOUR_MS);
    const later = new Date(Date.now() + 2 * HOUR_MS);
    utimesSync(join(folder, fresh), later, later);
    await sweeper.heal();
    expect(await bytes()).toEqual(expect.arrayContaining([fresh, 'images/notes.txt']));
    expect(await bytes()).not.toContain(stray);
    expect(await store.find(idOf(1))).toMatchObject({ state: 'failed', problem: 'bytes_missing', size_bytes: 0 });
    expect(await store.find(idOf(2))).toMatchObject({ state: 'ready' });
    expect(await database.selectFrom('users').select('avatar').execute()).toEqual([{ avatar: null }]);
  });
});
