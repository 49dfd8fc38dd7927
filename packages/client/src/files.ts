import type { Caller } from './caller.ts';
import type { Recording } from './recordings.ts';
import type { PageQuery, UserSummary } from './users.ts';

export type FileKind = 'image' | 'video';

/** A picture or a video of an account. */
export interface StoredFile {
  id: string;
  kind: FileKind;
  purpose: 'avatar' | 'cover' | 'video';
  /** As its owner called it. */
  name: string;
  state: 'uploading' | 'processing' | 'ready' | 'failed';
  /** Why it failed: `not_a_video`, `video_unreadable`, …. Newer servers may know more. */
  problem?: string;
  /** What it takes of the quota. */
  sizeBytes: number;
  width?: number;
  height?: number;
  durationMs?: number;
  /** Path of a picture, which everybody may read; see `pictureOf`. */
  url?: string;
  /** Path of a video's picture. */
  poster?: string;
  /** The replay that it became. */
  recordingId?: string;
  /** Of the replay. */
  title?: string;
  /** Whether everybody may see the replay. */
  published?: boolean;
  /** ms since the epoch. */
  createdAt: number;
}

export interface FileQuota {
  /** With what is reserved for what is on its way. */
  usedBytes: number;
  /** 0 is no limit. */
  limitBytes: number;
}

/** Of a file, for players and programs that cannot log in. */
export interface FileAddress {
  /** A path on the platform. */
  url: string;
  /** ms since the epoch; left out for a picture, whose address is for good. */
  expiresAt?: number;
}

export interface FilePage {
  files: StoredFile[];
  /** Over all pages. */
  total: number;
}

export interface AdminFilePage {
  files: (StoredFile & { owner: UserSummary })[];
  total: number;
  /** By all that match. */
  usedBytes: number;
}

export interface FilesQuery extends PageQuery {
  kind?: FileKind;
}

/** What was uploaded: pictures here, videos by tus 1.0.0 at `/api/files/uploads`. */
export class FilesApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Keeps a picture, made anew as WebP: 512x512 as an avatar, 1280x720 as a cover. Its `url` is what `users.updateMe` takes
   * as `avatar`, and a room as `cover`.
   */
  uploadImage(
    image: Blob | Uint8Array<ArrayBuffer>,
    { purpose, name, signal }: { purpose: 'avatar' | 'cover'; name?: string; signal?: AbortSignal },
  ): Promise<StoredFile> {
    return this.#caller.json('/api/files/images', { method: 'POST', bytes: image, query: { purpose, name }, signal });
  }

  /** One's own, the newest first. */
  list(query: FilesQuery = {}): Promise<FilePage> {
    return this.#caller.json('/api/files', { query: { ...query } });
  }

  quota(): Promise<FileQuota> {
    return this.#caller.json('/api/files/quota');
  }

  get(id: string): Promise<StoredFile> {
    return this.#caller.json(filePath(id));
  }

  /** Opens a video that is not published to whoever has it, for a while; only its owner and administrators are given one. */
  url(id: string): Promise<FileAddress> {
    return this.#caller.json(`${filePath(id)}/url`);
  }

  /** For good; what shows it shows it no longer. */
  async remove(id: string): Promise<void> {
    await this.#caller.send(filePath(id), { method: 'DELETE' });
  }

  /** A video that is ready: everybody may see it among the replays from now on. */
  publish(id: string, input: { title?: string } = {}): Promise<Recording> {
    return this.#caller.json(`${filePath(id)}/publish`, { method: 'POST', body: input });
  }

  /** Everybody's, for administrators. */
  listAll(query: FilesQuery & { q?: string; userId?: string } = {}): Promise<AdminFilePage> {
    return this.#caller.json('/api/admin/files', { query: { ...query } });
  }

  /** Of anybody, for administrators; it is written down who did it. */
  async removeAny(id: string): Promise<void> {
    await this.#caller.send(`/api/admin/files/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }
}

/** The smaller picture of an avatar (64, 128, 256) or a cover (320, 640) that was uploaded; of others the address as it is. */
export function pictureOf(url: string, width: 64 | 128 | 256 | 320 | 640): string {
  return /^\/files\/[\w-]+\.webp$/.test(url) ? `${url}?w=${width}` : url;
}

function filePath(id: string): string {
  return `/api/files/${encodeURIComponent(id)}`;
}
