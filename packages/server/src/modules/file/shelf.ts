import { buffer } from 'node:stream/consumers';
import { BucketError, FileMissingError, type FileStorage } from '../../storage/contract.ts';
import { AppError } from '../gateway/contract.ts';

/** Pictures that were asked for lately are kept in memory, up to this much. */
const MOST_CACHED_BYTES = 32 * 1024 ** 2;

/** Pictures that are read at one time: whoever invents addresses is not to keep a bucket busy. */
const MOST_READS = 200;

/** Hands pictures out as they are kept. What is under a key never changes, so that it is read once. */
export class PictureShelf {
  readonly #storage: FileStorage;
  /** The one asked for last is the last. */
  readonly #cache = new Map<string, Buffer>();
  #cachedBytes = 0;
  #reads = 0;

  constructor(storage: FileStorage) {
    this.#storage = storage;
  }

  /** @throws AppError file_not_found, file_storage_unavailable, too_many_connections */
  async read(key: string): Promise<Buffer> {
    const cached = this.#cache.get(key);
    if (cached === undefined) return this.#load(key);
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    return cached;
  }

  /** Something was deleted. */
  forget(): void {
    this.#cache.clear();
    this.#cachedBytes = 0;
  }

  async #load(key: string): Promise<Buffer> {
    if (this.#reads >= MOST_READS) throw new AppError('too_many_connections');
    this.#reads++;
    try {
      const bytes = await buffer((await this.#storage.read(key)).stream);
      // Two that asked at one time both come here.
      if (!this.#cache.has(key)) this.#cachedBytes += bytes.length;
      this.#cache.set(key, bytes);
      for (const [oldest, { length }] of this.#cache) {
        if (this.#cachedBytes <= MOST_CACHED_BYTES) break;
        this.#cache.delete(oldest);
        this.#cachedBytes -= length;
      }
      return bytes;
    } catch (error) {
      if (error instanceof FileMissingError) throw new AppError('file_not_found');
      if (error instanceof BucketError) throw new AppError('file_storage_unavailable');
      throw error;
    } finally {
      this.#reads--;
    }
  }
}
