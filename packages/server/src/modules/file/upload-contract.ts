import type { DataStore } from '@tus/server';
import type { FileRow } from './contract.ts';

/** Begins the keys of what is being uploaded; what a key consists of then is the file's id. */
export const UPLOADS = 'uploads/';
/** tus 1.0.0: https://tus.io/protocols/resumable-upload */
export const UPLOADS_PATH = '/api/files/uploads';
export const UPLOAD_BYTES = 'application/offset+octet-stream';

/** Where the bytes of uploads are kept until they are whole and have become something else. */
export interface UploadPlace {
  /** As `FileStorage.folderId`: null is the bucket. */
  readonly folderId: string | null;
  /** Its ids are ours with `prefix` before them. */
  readonly datastore: DataStore;
  readonly prefix: string;
  /** Where they are on this machine, fetched if they are elsewhere; `release` removes what was fetched. */
  fetch(row: FileRow, signal: AbortSignal): Promise<{ path: string; release(): Promise<void> }>;
  /** How many of them came; undefined when there are none of it. */
  received(id: string): Promise<number | undefined>;
  /** They are on the disk, and not only on their way there. */
  sync(id: string): Promise<void>;
  /** With all that belongs to them; nothing when they are gone. */
  remove(id: string): Promise<void>;
  /** Of the disk; undefined where nobody knows. */
  freeBytes(): Promise<number | undefined>;
}

/** What the datastores are told of an upload: by its row, which is all that is kept of it. */
export interface UploadFacts {
  sizeBytes: number;
  name: string;
  /** When it was last written to, ms since the epoch. */
  touchedAtMs: number;
}
