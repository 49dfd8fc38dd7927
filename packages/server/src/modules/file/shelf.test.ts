import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/harness.ts';
import { DiskStorage } from '../../storage/disk-storage.ts';
import { PictureShelf } from './shelf.ts';

const MIB = 1024 ** 2;

test('pictures that were read lately are in memory, up to a bound, until something is deleted', async () => {
  const storage = await DiskStorage.open(tempFolder(), { minFreeBytes: 0 });
  const shelf = new PictureShelf(storage);
  const keys = ['images/a', 'images/b', 'images/c'];
  for (const key of keys) await storage.put(key, Buffer.alloc(12 * MIB, key));
  for (const key of keys) expect((await shelf.read(key)).length).toBe(12 * MIB);
  for (const key of keys) await storage.delete(key);
  // Three of twelve are more than there is room for: the one that was asked for first went.
  await expect(shelf.read('images/a')).rejects.toMatchObject({ code: 'file_not_found' });
  expect((await shelf.read('images/b')).length).toBe(12 * MIB);
  shelf.forget();
  await expect(shelf.read('images/b')).rejects.toMatchObject({ code: 'file_not_found' });
});

test('no more than so many are read at one time', async () => {
  const shelf = new PictureShelf(await DiskStorage.open(tempFolder(), { minFreeBytes: 0 }));
  const reads = await Promise.allSettled(Array.from({ length: 201 }, (_, n) => shelf.read(`images/${n}`)));
  const codes = reads.map((read) => (read.status === 'rejected' ? (read.reason as { code: string }).code : 'read'));
  expect(codes.slice(0, 200).every((code) => code === 'file_not_found')).toBe(true);
  expect(codes[200]).toBe('too_many_connections');
  await expect(shelf.read('images/x')).rejects.toMatchObject({ code: 'file_not_found' });
});
