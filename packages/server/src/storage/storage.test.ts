import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/harness.ts';
import { startS3Server } from '../../test/support/s3-server.ts';
import { BucketStorage } from './bucket-storage.ts';
import { DiskFullError, FileMissingError, type FileStorage } from './contract.ts';
import { DiskStorage } from './disk-storage.ts';
import { openBucket } from './index.ts';

const TEXT = 'text/plain';

const STORAGES: Record<string, () => Promise<FileStorage>> = {
  disk: async () => DiskStorage.open(tempFolder(), { minFreeBytes: 0 }),
  bucket: async () => {
    const { config } = await startS3Server();
    const bucket = await openBucket({ ...config, prefix: 'files/', redirect: true });
    if (bucket === undefined) throw new Error('there is no bucket');
    return new BucketStorage(bucket);
  },
};

describe.each(Object.entries(STORAGES))('a storage that is a %s', (_kind, open) => {
  test('keeps bytes and files, reads parts of them, and forgets them', async () => {
    const storage = await open();
    await storage.put('images/ab/one-64.webp', Buffer.from('0123456789'), TEXT);
    const { stream } = await storage.read('images/ab/one-64.webp', { start: 2, end: 4 });
    expect((await buffer(stream)).toString()).toBe('234');
    expect(await storage.sizeOf('images/ab/one-64.webp')).toBe(10);

    const file = join(tempFolder(), 'video');
    writeFileSync(file, 'a video');
    await storage.move('videos/one', file, TEXT);
    expect((await buffer((await storage.read('videos/one')).stream)).toString()).toBe('a video');
    expect(() => statSync(file)).toThrow('ENOENT');

    await storage.delete('videos/one');
    await storage.delete('videos/one');
    expect(await storage.sizeOf('videos/one')).toBeUndefined();
    await expect(storage.read('videos/one')).rejects.toThrow(FileMissingError);
  });

  test('lists what it has in the order of its keys, from any of them on', async () => {
    const storage = await open();
    const keys = ['images/aa/z', 'images/ab/a', 'images/ab/b', 'images/ac/a', 'videos/a'];
    for (const key of keys.toReversed()) await storage.put(key, Buffer.from(key), TEXT);
    const list = async (...about: [string, string?]) => (await storage.list(...about)).map(({ key }) => key);
    expect(await list('images/')).toEqual(keys.slice(0, 4));
    for (const [n, key] of keys.entries()) expect(await list('', key)).toEqual(keys.slice(n + 1));
    expect(await storage.list('videos/')).toEqual([
      { key: 'videos/a', sizeBytes: 8, modifiedAtMs: expect.closeTo(Date.now(), -5) },
    ]);
  });
});

describe('files on the disk', () => {
  test('are refused where too little would be left free, and nothing of them stays', async () => {
    const folder = tempFolder();
    const storage = await DiskStorage.open(folder, { minFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(storage.put('images/a', Buffer.from('a'))).rejects.toThrow(DiskFullError);
    expect(readdirSync(folder, { recursive: true })).toEqual(['.kaibo-files']);
  });

  test('that were not finished are gone at the next start, and the folder is the same one', async () => {
    const folder = tempFolder();
    const { folderId } = await DiskStorage.open(folder, { minFreeBytes: 0 });
    const storage = await DiskStorage.open(folder, { minFreeBytes: 0 });
    await storage.put('images/a', Buffer.from('a'));
    writeFileSync(join(folder, '.unfinished', 'half'), 'x');
    expect((await DiskStorage.open(folder, { minFreeBytes: 0 })).folderId).toBe(folderId);
    expect(readdirSync(folder).toSorted()).toEqual(['.kaibo-files', 'images']);
  });

  test('have no name that leads elsewhere', async () => {
    const storage = await DiskStorage.open(tempFolder(), { minFreeBytes: 0 });
    for (const key of ['../x', 'a/../../x', '/etc/x', 'a/.x', 'a//b', 'a\0b', 'A', ''])
      await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow('no key');
  });
});
