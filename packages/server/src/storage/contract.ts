import type { Readable } from 'node:stream';

/** Both ends included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Something that is kept, as a listing shows it. */
export interface StoredObject {
  key: string;
  sizeBytes: number;
  /** ms since the epoch. */
  modifiedAtMs: number;
}

/** An S3 bucket, under a prefix. Every method throws `BucketError`. */
export interface Bucket {
  readonly name: string;
  /** Whether whoever plays is sent there, instead of being streamed to from here. */
  readonly redirects: boolean;
  putFile(key: string, file: string, about: { sizeBytes: number; type: string }): Promise<void>;
  putBytes(key: string, bytes: Uint8Array, type: string): Promise<void>;
  /** Nothing when it is not there. */
  delete(key: string): Promise<void>;
  /** Good for an hour; a secret. */
  signedUrl(key: string, answer: { type: string; disposition?: string }): Promise<string>;
  read(key: string, range?: ByteRange): Promise<Readable>;
  /** In the order of their keys, from after `after` on; at most 1000. */
  list(prefix: string, after?: string): Promise<StoredObject[]>;
  /** Whether it is there and lets us in. */
  probe(): Promise<void>;
  close(): void;
}

/** `s3` of the configuration. */
export interface BucketOptions {
  bucket?: string;
  endpoint?: string;
  region: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  prefix: string;
  pathStyle?: boolean;
  redirect: boolean;
}

/** The bucket did not do what it was asked; the message is without addresses and keys. */
export class BucketError extends Error {
  readonly code = 'bucket_failed';
  /** There is nothing by that key. */
  readonly isMissing: boolean;

  constructor(message: string, { isMissing = false }: { isMissing?: boolean } = {}) {
    super(message);
    this.name = 'BucketError';
    this.isMissing = isMissing;
  }
}

/** What is kept is not there. */
export class FileMissingError extends Error {
  readonly code = 'file_missing';

  constructor() {
    super('there are no such bytes');
    this.name = 'FileMissingError';
  }
}

/** The disk has no room, or not enough that may be used. Nothing of what was being written is left. */
export class DiskFullError extends Error {
  readonly code = 'disk_full';

  constructor() {
    super('there is no room left on the disk');
    this.name = 'DiskFullError';
  }
}

/**
 * Where files of people are kept: a folder of this machine (`disk-storage.ts`), or a bucket (`bucket-storage.ts`). A key
 * is made by us, never by people: folders and a name of small letters, digits, `-` and `.`, such as
 * `images/3f/3f0c…-512.webp`. What is kept under a key never changes.
 * @throws BucketError where it is a bucket that fails
 */
export interface FileStorage {
  readonly kind: 'disk' | 'bucket';
  /** Which folder it is, for rows that say where their bytes are; null is the bucket, which all nodes share. */
  readonly folderId: string | null;
  /** Kept whole and for good when it resolves, or not at all. @throws DiskFullError */
  put(key: string, bytes: Uint8Array, type: string): Promise<void>;
  /** As `put`, of a file of this machine, which is gone afterwards. */
  move(key: string, file: string, type: string): Promise<void>;
  /** @throws FileMissingError */
  read(key: string, range?: ByteRange): Promise<{ stream: Readable; sizeBytes?: number }>;
  /** Undefined when it is not there. */
  sizeOf(key: string): Promise<number | undefined>;
  /** Nothing when it is not there. */
  delete(key: string): Promise<void>;
  /** In the order of their keys, from after `after` on; at most 1000. */
  list(prefix: string, after?: string): Promise<StoredObject[]>;
  /** Where whoever may read it fetches it, good for an hour; undefined: it is streamed from here. */
  signedUrl(key: string, answer: { type: string; disposition?: string }): Promise<string | undefined>;
  /** Undefined where nobody knows. */
  freeBytes(): Promise<number | undefined>;
}
