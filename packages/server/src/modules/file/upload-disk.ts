import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FileStore, type Configstore } from '@tus/file-store';
import { Upload, type DataStore } from '@tus/server';
import type { FileRow } from './contract.ts';
import { UPLOADS, type UploadFacts, type UploadPlace } from './upload-contract.ts';

export interface DiskUploadsDeps {
  /** Of all files. */
  path: string;
  folderId: string;
  expiryMs: number;
  factsOf(id: string): Promise<UploadFacts | undefined>;
}

/** Uploads in the folder of files: what came stays there byte by byte, whatever ends the process. */
export class DiskUploads implements UploadPlace {
  readonly folderId: string;
  readonly prefix = UPLOADS;
  readonly datastore: DataStore;
  readonly #path: string;

  private constructor({ path, folderId, expiryMs, factsOf }: DiskUploadsDeps) {
    this.folderId = folderId;
    this.#path = path;
    this.datastore = new FileStore({
      directory: path,
      configstore: new RowStore(factsOf),
      expirationPeriodInMilliseconds: expiryMs,
    });
  }

  static async open(deps: DiskUploadsDeps): Promise<DiskUploads> {
    await mkdir(join(deps.path, UPLOADS), { recursive: true, mode: 0o700 });
    return new DiskUploads(deps);
  }

  async fetch({ id }: FileRow): Promise<{ path: string; release(): Promise<void> }> {
    return { path: this.#pathOf(id), release: async () => undefined };
  }

  async received(id: string): Promise<number | undefined> {
    try {
      return (await stat(this.#pathOf(id))).size;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async sync(id: string): Promise<void> {
    const file = await open(this.#pathOf(id), 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true });
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#path);
    return bavail * bsize;
  }

  #pathOf(id: string): string {
    return join(this.#path, UPLOADS, id);
  }
}

/** What tus keeps beside the bytes: our rows have it. */
class RowStore implements Configstore {
  readonly #factsOf: DiskUploadsDeps['factsOf'];

  constructor(factsOf: DiskUploadsDeps['factsOf']) {
    this.#factsOf = factsOf;
  }

  async get(key: string): Promise<Upload | undefined> {
    const facts = await this.#factsOf(key.slice(UPLOADS.length));
    return facts && uploadOf(key, facts);
  }

  async set(): Promise<void> {
    // It is written before the upload is made.
  }

  async delete(): Promise<void> {
    // Whoever removes the bytes has marked the row.
  }
}

function uploadOf(key: string, { sizeBytes, name, touchedAtMs }: UploadFacts): Upload {
  return new Upload({
    id: key,
    size: sizeBytes,
    offset: 0,
    metadata: { filename: name },
    creation_date: new Date(touchedAtMs).toISOString(),
  });
}
