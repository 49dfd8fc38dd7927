import { rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  BucketError,
  FileMissingError,
  type Bucket,
  type ByteRange,
  type FileStorage,
  type StoredObject,
} from './contract.ts';

/** What can be sent again is, for a connection that broke says nothing of the next one. */
const TRIES = 3;

/** Files in a bucket, which all nodes share. What it is sent it has whole, or not at all. */
export class BucketStorage implements FileStorage {
  readonly kind = 'bucket';
  readonly folderId = null;
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, bytes: Uint8Array, type: string): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#bucket.putBytes(key, bytes, type);
      } catch (error) {
        if (tried === TRIES) throw error;
      }
    }
  }

  async move(key: string, file: string, type: string): Promise<void> {
    const { size } = await stat(file);
    await this.#bucket.putFile(key, file, { sizeBytes: size, type });
    await rm(file, { force: true });
  }

  async read(key: string, range?: ByteRange): Promise<{ stream: Readable }> {
    try {
      return { stream: await this.#bucket.read(key, range) };
    } catch (error) {
      throw error instanceof BucketError && error.isMissing ? new FileMissingError() : error;
    }
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const [found] = await this.#bucket.list(key);
    return found?.key === key ? found.sizeBytes : undefined;
  }

  async delete(key: string): Promise<void> {
    await this.#bucket.delete(key);
  }

  async list(prefix: string, after?: string): Promise<StoredObject[]> {
    return this.#bucket.list(prefix, after);
  }

  async signedUrl(key: string, answer: { type: string; disposition?: string }): Promise<string | undefined> {
    return this.#bucket.redirects ? this.#bucket.signedUrl(key, answer) : undefined;
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }
}
