import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { DiskFullError, FileMissingError, type ByteRange, type FileStorage, type StoredObject } from './contract.ts';

/** Says which folder this is, whatever path and whichever node it is reached by. */
const IDENTITY_FILE = '.kaibo-files';
const IDENTITY = /^[0-9a-f-]{36}$/;
/** What is being written; nothing under it was ever promised to anybody. */
const UNFINISHED = '.unfinished';
const KEY = /^(?:[a-z0-9][a-z0-9-]*\/)*[a-z0-9][a-z0-9.-]*$/;
const MOST_LISTED = 1000;

/**
 * Files in a folder of this machine. Each is written beside, brought to the disk, and given its name at once, so that
 * after a power cut it is there whole or not at all.
 */
export class DiskStorage implements FileStorage {
  readonly kind = 'disk';
  readonly folderId: string;
  readonly #path: string;
  readonly #minFreeBytes: number;

  private constructor(path: string, { folderId, minFreeBytes }: { folderId: string; minFreeBytes: number }) {
    this.#path = path;
    this.folderId = folderId;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Makes it where it is not there. Throws what the file system says. */
  static async open(path: string, { minFreeBytes }: { minFreeBytes: number }): Promise<DiskStorage> {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await rm(join(path, UNFINISHED), { recursive: true, force: true });
    return new DiskStorage(path, { folderId: readIdentity(join(path, IDENTITY_FILE)), minFreeBytes });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#keep(key, bytes.length, async (file) => {
      const handle = await open(file, 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  async move(key: string, file: string): Promise<void> {
    const { size } = await stat(file);
    await this.#keep(key, size, async (unfinished) => {
      try {
        await rename(file, unfinished);
      } catch (error) {
        // On another disk.
        if (!hasCode(error, 'EXDEV')) throw error;
        await copyFile(file, unfinished);
        await rm(file);
      }
      await syncFile(unfinished);
    });
  }

  async read(key: string, range?: ByteRange): Promise<{ stream: Readable; sizeBytes: number }> {
    // Opened before anything is answered, so that a file that is not there is no answer that breaks off.
    const handle = await this.#open(key);
    try {
      const { size } = await handle.stat();
      return { stream: createReadStream('', { fd: handle, ...range }), sizeBytes: size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await stat(this.#pathOf(key))).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async list(prefix: string, after = ''): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    await this.#collect('', { prefix, after, found });
    return found;
  }

  async signedUrl(): Promise<undefined> {
    return undefined;
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#path);
    return bavail * bsize;
  }

  async #keep(key: string, sizeBytes: number, write: (file: string) => Promise<void>): Promise<void> {
    const path = this.#pathOf(key);
    if ((await this.freeBytes()) - sizeBytes < this.#minFreeBytes) throw new DiskFullError();
    const unfinished = join(this.#path, UNFINISHED, randomUUID());
    try {
      await mkdir(join(this.#path, UNFINISHED), { recursive: true, mode: 0o700 });
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await write(unfinished);
      await rename(unfinished, path);
      await syncFile(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true });
      if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) throw new DiskFullError();
      throw error;
    }
  }

  /** Keys are ours; one that is not could only be a fault, and does not become a path. */
  #pathOf(key: string): string {
    if (!KEY.test(key)) throw new Error('this is no key of a file');
    return join(this.#path, key);
  }

  async #open(key: string): Promise<FileHandle> {
    try {
      return await open(this.#pathOf(key));
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? new FileMissingError() : error;
    }
  }

  /** Depth first in the order of names. A folder sorts as its path with a `/`, so that the order is the one of keys. */
  async #collect(folder: string, about: { prefix: string; after: string; found: StoredObject[] }): Promise<void> {
    const { prefix, after, found } = about;
    const entries = (await readdir(join(this.#path, folder), { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.'),
    );
    const keys = entries.map((entry) => ({ entry, key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}` }));
    keys.sort((one, other) => (one.key < other.key ? -1 : 1));
    for (const { entry, key } of keys) {
      if (found.length >= MOST_LISTED) return;
      if (entry.isDirectory()) {
        const isWanted = key.startsWith(prefix) || prefix.startsWith(key);
        if (isWanted && (key > after || after.startsWith(key))) await this.#collect(key, about);
      } else if (entry.isFile() && key.startsWith(prefix) && key > after) {
        // What was removed meanwhile is none.
        const facts = await stat(join(this.#path, key)).catch(() => undefined);
        if (facts !== undefined) found.push({ key, sizeBytes: facts.size, modifiedAtMs: facts.mtimeMs });
      }
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** A file, or the names in a folder, are on the disk. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readIdentity(file: string): string {
  try {
    // Never overwritten: of two nodes that come at once, the second reads what the first wrote.
    writeFileSync(file, randomUUID(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!IDENTITY.test(text)) throw new Error(`${file} does not say which folder this is`);
  return text;
}
