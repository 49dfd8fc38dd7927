import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { S3Store, type MetadataValue } from '@tus/s3-store';
import type { DataStore, KvStore } from '@tus/server';
import { BucketError, type Bucket, type BucketOptions } from '../../storage/contract.ts';
import type { FileRow } from './contract.ts';
import { UPLOADS, type UploadPlace } from './upload-contract.ts';

/** Parts of an upload in the bucket; S3 takes none below 5 MiB but the last. */
const PART_BYTES = 8 * 1024 * 1024;
/** Sent to the bucket at one time, over all uploads of this node: each is a file in the system's folder for such. */
const MOST_PARTS = 20;
/** Whose facts are remembered; of others the bucket is asked. */
const MOST_REMEMBERED = 500;

export interface BucketUploadsDeps {
  options: BucketOptions & { bucket: string };
  bucket: Bucket;
  expiryMs: number;
  /** On this machine, for what is being worked on. */
  folder: string;
}

/** Uploads as multipart uploads of a bucket, so that any node takes the next piece. */
export class BucketUploads implements UploadPlace {
  readonly folderId = null;
  readonly prefix: string;
  readonly datastore: DataStore;
  readonly #bucket: Bucket;
  readonly #folder: string;

  constructor({ options, bucket, expiryMs, folder }: BucketUploadsDeps) {
    this.prefix = options.prefix + UPLOADS;
    this.#bucket = bucket;
    this.#folder = folder;
    const { region, endpoint, accessKeyId, secretAccessKey, pathStyle } = options;
    this.datastore = new S3Store({
      ...{ partSize: PART_BYTES, maxConcurrentPartUploads: MOST_PARTS, expirationPeriodInMilliseconds: expiryMs },
      // Servers that speak S3 seldom know tags; what is over is removed by our own rows.
      useTags: false,
      cache: new Remembered(),
      s3ClientConfig: {
        ...{ bucket: options.bucket, region, endpoint, forcePathStyle: pathStyle ?? endpoint !== undefined },
        ...(accessKeyId === undefined || secretAccessKey === undefined
          ? {}
          : { credentials: { accessKeyId, secretAccessKey } }),
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      },
    });
  }

  async fetch({ id }: FileRow, signal: AbortSignal): Promise<{ path: string; release(): Promise<void> }> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, id);
    const release = (): Promise<void> => rm(path, { force: true });
    try {
      await pipeline(await this.#bucket.read(UPLOADS + id), createWriteStream(path, { mode: 0o600 }), { signal });
      return { path, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  async received(id: string): Promise<number | undefined> {
    try {
      return (await this.datastore.getUpload(this.prefix + id)).offset;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw new BucketError('the state of an upload could not be read');
    }
  }

  async sync(): Promise<void> {
    // What the bucket has taken it keeps.
  }

  async remove(id: string): Promise<void> {
    // One that is whole has no multipart upload any more: then it is an object like others.
    await this.datastore.remove(this.prefix + id).catch(() => undefined);
    for (const { key } of await this.#bucket.list(UPLOADS + id)) await this.#bucket.delete(key);
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }
}

function isStatus(error: unknown, status: number): boolean {
  return typeof error === 'object' && error !== null && 'status_code' in error && error.status_code === status;
}

/** What the bucket said of uploads; the oldest is forgotten first. */
class Remembered implements KvStore<MetadataValue> {
  readonly #values = new Map<string, MetadataValue>();

  async get(key: string): Promise<MetadataValue | undefined> {
    return this.#values.get(key);
  }

  async set(key: string, value: MetadataValue): Promise<void> {
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > MOST_REMEMBERED && oldest !== undefined) this.#values.delete(oldest);
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }
}
