import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import { cleanText, VISIBLE } from '../../http/plain-text.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { FileOptions, FileRow } from './contract.ts';
import { deleteFile } from './deletion.ts';
import type { FileReserver } from './reserver.ts';
import type { FileStore } from './store.ts';
import { UPLOADS, type UploadFacts, type UploadPlace } from './upload-contract.ts';
import { fileEvent } from './view.ts';

const HOUR_MS = 3_600_000;
const SWEEP_BATCH = 100;
const MAX_NAME = 200;
const PATH_OR_CONTROL = /[/\\\p{Cc}]|^\.{1,2}$/u;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export interface UploadServiceDeps {
  store: FileStore;
  reserver: FileReserver;
  outbox: Outbox;
  engine: MediaEngine;
  place: UploadPlace;
  options: FileOptions;
  /** An upload is whole. */
  onWhole(): void;
  logger: Logger;
  now: () => number;
}

/** Videos on their way here: who may begin one, whose it is, when it is whole, and when it is given up. */
export class UploadService {
  readonly #deps: UploadServiceDeps;

  constructor(deps: UploadServiceDeps) {
    this.#deps = deps;
  }

  /**
   * A place for a video of so many bytes, which count from now on.
   * @throws AppError not_supported, no_ffmpeg, file_name_invalid, file_too_large, quota_exceeded, too_many_files, too_many_uploads,
   * files_full, disk_full
   */
  async begin(userId: string, { sizeBytes, name }: { sizeBytes: number; name: string }): Promise<FileRow> {
    const { reserver, engine, place, options, now } = this.#deps;
    const { videoMaxBytes, videosPerUser, uploadsPerUser } = options;
    if (videoMaxBytes === 0 || engine.importer === undefined) throw new AppError('not_supported');
    if (!engine.importer.isAvailable) throw new AppError('no_ffmpeg');
    if (sizeBytes > videoMaxBytes) throw new AppError('file_too_large', { max: sizeWords(videoMaxBytes) });
    await this.keepDiskFree(sizeBytes);
    const id = randomUUID();
    const atMs = now();
    const row: FileRow = {
      ...{ id, user_id: userId, kind: 'video', purpose: 'video', name: nameOf(name), state: 'uploading' },
      ...{ problem: null, size_bytes: 0, reserved_bytes: sizeBytes, width: null, height: null, duration_ms: null },
      ...{ media_type: null, storage_key: UPLOADS + id, folder_id: place.folderId, recording_id: null },
      ...{ created_at: atMs, updated_at: atMs, expires_at: this.#expiry(atMs) },
    };
    await reserver.reserve(row, { files: videosPerUser, unfinished: uploadsPerUser });
    return row;
  }

  /** The caller's own, of this node or the bucket. @throws AppError file_not_found, file_elsewhere */
  async own({ account }: Caller, id: string): Promise<FileRow> {
    const row = await this.#deps.store.find(id);
    if (row === undefined || row.kind !== 'video' || row.user_id !== account?.id) throw new AppError('file_not_found');
    if (row.state === 'uploading' && row.folder_id !== this.#deps.place.folderId) throw new AppError('file_elsewhere');
    return row;
  }

  async factsOf(id: string): Promise<UploadFacts | undefined> {
    const row = await this.#deps.store.find(id);
    if (row?.state !== 'uploading') return undefined;
    const touchedAtMs = (row.expires_at ?? 0) - this.#deps.options.uploadHours * HOUR_MS;
    return { sizeBytes: row.reserved_bytes, name: row.name, touchedAtMs };
  }

  /** Something comes: it is not given up for another while. */
  async touch(id: string): Promise<void> {
    const { store, outbox, now } = this.#deps;
    await outbox.transact(async ({ transaction }) => {
      await store.move(transaction, { id, from: ['uploading'], changes: { expires_at: this.#expiry(now()) } });
    });
  }

  /** All of it is here. Nothing when that was known. */
  async finish(id: string): Promise<void> {
    const { store, outbox, place, onWhole } = this.#deps;
    await place.sync(id);
    await outbox.transact(async ({ transaction, emit }) => {
      const changes = { expires_at: null };
      const row = await store.move(transaction, { id, from: ['uploading'], to: 'processing', changes });
      if (row !== undefined) await emit(fileEvent(row));
    });
    onWhole();
  }

  /** Of one whose last byte came, but nobody lived to write that down. */
  async finishWhole({ id, reserved_bytes: sizeBytes }: FileRow): Promise<void> {
    if ((await this.#deps.place.received(id)) === sizeBytes) await this.finish(id);
  }

  /** Nobody wants it any more. */
  async giveUp(row: FileRow): Promise<void> {
    await deleteFile(this.#deps, row);
  }

  /** What came whole before a crash goes on, what nobody went on with goes. */
  async sweep(): Promise<void> {
    const { store, place, logger, now } = this.#deps;
    for (const row of await store.videos(['uploading'], SWEEP_BATCH)) {
      if (row.folder_id === place.folderId) await this.finishWhole(row);
    }
    for (const row of await store.expired(now(), SWEEP_BATCH)) {
      if (row.kind !== 'video' || row.state !== 'uploading') continue;
      logger.info({ file: row.id }, 'an upload that nobody went on with is given up');
      await this.giveUp(row);
    }
  }

  /** Whether so much may still come. @throws AppError disk_full */
  async keepDiskFree(sizeBytes: number): Promise<void> {
    const { place, options } = this.#deps;
    const freeBytes = await place.freeBytes();
    if (freeBytes !== undefined && freeBytes - sizeBytes < options.minFreeBytes) throw new AppError('disk_full');
  }

  #expiry(atMs: number): number {
    return atMs + this.#deps.options.uploadHours * HOUR_MS;
  }
}

/** As its owner calls it: a text that is shown. What looks like a path is none of a file that somebody chose. */
function nameOf(written: string): string {
  if (PATH_OR_CONTROL.test(written)) throw new AppError('file_name_invalid');
  const name = cleanText(written).slice(0, MAX_NAME);
  return VISIBLE.test(name) ? name : 'video';
}

/** `4 GiB`. */
function sizeWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${UNITS[power] ?? ''}`;
}
