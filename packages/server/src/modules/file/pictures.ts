import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import { BucketError, DiskFullError, type FileStorage } from '../../storage/contract.ts';
import { AppError } from '../gateway/contract.ts';
import { PICTURES, type FileOptions, type FileRow, type PicturePurpose } from './contract.ts';
import { pictureFile, pictureFiles, pictureKey, WEBP } from './keys.ts';
import type { MadePicture } from './picture-messages.ts';
import type { PictureWorkshop } from './picture-workshop.ts';
import type { FileReserver } from './reserver.ts';
import type { FileStore } from './store.ts';
import { fileEvent } from './view.ts';

/** Longer than the longest that one may take to come and to be worked on. */
const UNFINISHED_MS = 10 * 60_000;
/** Of all that come, wait or are worked on, each of which is in memory. */
const MOST_BYTES_HELD = 128 * 1024 ** 2;

export interface PictureDeps {
  store: FileStore;
  outbox: Outbox;
  storage: FileStorage;
  workshop: PictureWorkshop;
  reserver: FileReserver;
  options: FileOptions;
  logger: Logger;
  now: () => number;
}

export interface NewPicture {
  userId: string;
  purpose: PicturePurpose;
  name: string;
  /** How much may come. */
  sizeBytes: number;
  /** Called once there is room for it. */
  read(): Promise<Uint8Array>;
}

/** Keeps pictures: only what we made of them, in the sizes in which they are shown. */
export class Pictures {
  readonly #deps: PictureDeps;
  #heldBytes = 0;

  constructor(deps: PictureDeps) {
    this.#deps = deps;
  }

  /**
   * Whole and in all its sizes, or nothing of it.
   * @throws AppError pictures_busy, quota_exceeded, too_many_files, files_full, disk_full, not_an_image, image_unreadable,
   *   image_too_many_pixels, file_storage_unavailable
   */
  async keep(picture: NewPicture): Promise<FileRow> {
    const { sizeBytes } = picture;
    // One comes through, however large pictures may be.
    if (this.#heldBytes > 0 && this.#heldBytes + sizeBytes > MOST_BYTES_HELD) throw new AppError('pictures_busy');
    this.#heldBytes += sizeBytes;
    try {
      return await this.#keep(picture);
    } finally {
      this.#heldBytes -= sizeBytes;
    }
  }

  async #keep({ userId, purpose, name, sizeBytes, read }: NewPicture): Promise<FileRow> {
    const { reserver, storage, options, now } = this.#deps;
    const id = randomUUID();
    const row: FileRow = {
      ...{ id, user_id: userId, kind: 'image', purpose, name, state: 'uploading', problem: null },
      ...{ size_bytes: 0, reserved_bytes: sizeBytes, width: null, height: null, duration_ms: null },
      ...{ media_type: null, storage_key: pictureKey(id), folder_id: storage.folderId, recording_id: null },
      ...{ created_at: now(), updated_at: now(), expires_at: now() + UNFINISHED_MS },
    };
    await reserver.reserve(row, { files: options.imagesPerUser });
    try {
      return await this.#finish(row, purpose, await this.#make(purpose, await read()));
    } catch (error) {
      await this.#undo(row, purpose);
      throw error;
    }
  }

  async #make(purpose: PicturePurpose, bytes: Uint8Array): Promise<MadePicture[]> {
    const { workshop, options } = this.#deps;
    const answer = await workshop.make({ bytes, ...PICTURES[purpose], maxPixels: options.imageMaxPixels });
    if ('pictures' in answer) return answer.pictures;
    if (answer.code === 'not_an_image') throw new AppError(answer.code, { found: answer.found });
    if (answer.code === 'image_unreadable') throw new AppError(answer.code);
    throw new AppError(answer.code, { max: String(Math.floor(options.imageMaxPixels / 1e6)) });
  }

  async #finish(row: FileRow, purpose: PicturePurpose, pictures: readonly MadePicture[]): Promise<FileRow> {
    const { store, outbox, storage } = this.#deps;
    const { width, height } = PICTURES[purpose];
    await stored(async () => {
      for (const [n, { bytes, width: size }] of pictures.entries())
        await storage.put(pictureFile(row.id, n === 0 ? 'full' : size), bytes, WEBP);
    });
    const changes = {
      ...{ size_bytes: pictures.reduce((sum, { bytes }) => sum + bytes.length, 0), reserved_bytes: 0 },
      ...{ width, height, media_type: WEBP, expires_at: null },
    };
    const kept = await outbox.transact(async ({ transaction, emit }) => {
      const after = await store.move(transaction, { id: row.id, from: ['uploading'], to: 'ready', changes });
      if (after !== undefined) await emit(fileEvent(after));
      return after;
    });
    // Its account went meanwhile.
    if (kept === undefined) throw new AppError('file_not_found');
    return kept;
  }

  /** What stays because the storage does not answer, the sweeper removes. */
  async #undo({ id }: FileRow, purpose: PicturePurpose): Promise<void> {
    const { store, outbox, storage, logger } = this.#deps;
    try {
      await outbox.transact(({ transaction }) => store.markDeleted(transaction, id));
      for (const file of pictureFiles(id, purpose)) await storage.delete(file);
      await store.forget(id);
    } catch (error) {
      logger.warn({ err: error, file: id }, 'what was left of a picture is removed later');
    }
  }
}

/** What the storage says, as people are told. */
async function stored(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DiskFullError) throw new AppError('disk_full');
    if (error instanceof BucketError) throw new AppError('file_storage_unavailable');
    throw error;
  }
}
