import { rm } from 'node:fs/promises';
import {
  VideoImportError,
  type ImportedVideo,
  type MediaEngine,
  type VideoImportProblem,
} from '../../engine/contract.ts';
import { BucketError } from '../../storage/contract.ts';
import type { ReplayShelf } from '../recording/contract.ts';
import type { FileProblem, FileRow } from './contract.ts';
import type { UploadPlace } from './upload-contract.ts';

/** Nobody watches more at one time; what says that it is longer has a fault. */
const MAX_DURATION_MS = 24 * 3_600_000;
/** What is converted may become larger than it was: another codec, or one picture a second that becomes many. */
const MOST_GROWTH = 4;
const GROWTH_ALLOWED_BYTES = 256 * 1024 ** 2;

const PROBLEMS: Readonly<Record<VideoImportProblem, FileProblem>> = {
  not_a_video: 'not_a_video',
  video_unreadable: 'video_unreadable',
  no_video_track: 'no_video_track',
  picture_too_large: 'video_unreadable',
  timed_out: 'processing_failed',
  too_large: 'processing_failed',
  conversion_failed: 'processing_failed',
  no_ffmpeg: 'no_ffmpeg',
};
/** They say nothing of the file: another time may do better. */
const PASSING: ReadonlySet<VideoImportProblem> = new Set(['timed_out', 'no_ffmpeg']);

/** No replay can be made of a video, now or ever (`isFinal`). */
export class VideoFailure extends Error {
  readonly problem: FileProblem;
  readonly isFinal: boolean;

  constructor(problem: FileProblem, { isFinal, message }: { isFinal: boolean; message: string }) {
    super(message);
    this.name = 'VideoFailure';
    this.problem = problem;
    this.isFinal = isFinal;
  }
}

export interface VideoJobDeps {
  engine: MediaEngine;
  place: UploadPlace;
  shelf: ReplayShelf;
  minFreeBytes: number;
}

/** Makes a recording of an uploaded video; done again, it makes the same one. */
export class VideoJob {
  readonly #deps: VideoJobDeps;

  constructor(deps: VideoJobDeps) {
    this.#deps = deps;
  }

  /** @throws VideoFailure, and what storage and database throw */
  async run(row: FileRow, signal: AbortSignal): Promise<ImportedVideo> {
    const { place } = this.#deps;
    await this.#checkDisk(row);
    const original = await place.fetch(row, signal);
    try {
      return await this.#make(row, { path: original.path, signal });
    } catch (error) {
      throw failureOf(error);
    } finally {
      await original.release();
    }
  }

  async #make(row: FileRow, { path, signal }: { path: string; signal: AbortSignal }): Promise<ImportedVideo> {
    const { engine, shelf } = this.#deps;
    const { importer } = engine;
    if (importer === undefined) throw new VideoImportError('no_ffmpeg', 'this engine imports nothing');
    const facts = await importer.inspect(path, { signal });
    if (facts.durationMs > MAX_DURATION_MS)
      throw new VideoFailure('too_long', { isFinal: true, message: `${facts.durationMs} ms` });
    // It became a recording before the process died.
    if ((await shelf.findMany([row.id])).size > 0) return facts;
    const folder = shelf.folderOf(row.id);
    const maxBytes = row.reserved_bytes * MOST_GROWTH + GROWTH_ALLOWED_BYTES;
    try {
      await importer.convert({ file: path, facts, folder, maxBytes, signal });
      const title = titleOf(row.name);
      const isMade = await shelf.add({ id: row.id, userId: row.user_id, title, atMs: row.created_at });
      if (!isMade) throw new VideoImportError('conversion_failed', 'there is nothing in what became of it');
    } catch (error) {
      if ((await shelf.findMany([row.id])).size === 0) await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return facts;
  }

  /** As much as it takes in all likelihood, beside what is to be left. */
  async #checkDisk({ reserved_bytes: sizeBytes, folder_id: folderId }: FileRow): Promise<void> {
    const { shelf, minFreeBytes } = this.#deps;
    const needed = folderId === null ? 2 * sizeBytes : sizeBytes;
    if ((await shelf.freeBytes()) - needed < minFreeBytes)
      throw new VideoFailure('disk_full', { isFinal: false, message: 'there is no room for what would become of it' });
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof VideoImportError) {
    const { code, message } = error;
    return new VideoFailure(PROBLEMS[code], { isFinal: !PASSING.has(code), message });
  }
  if (error instanceof BucketError) return error;
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
    return new VideoFailure('disk_full', { isFinal: false, message: 'the disk is full' });
  return error;
}

/** `Holiday` of `Holiday.mp4`. */
function titleOf(name: string): string {
  const title = name.replace(/\.[A-Za-z0-9]{2,5}$/, '').trim();
  return (title === '' ? name : title).slice(0, 100);
}
