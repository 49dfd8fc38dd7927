import type { Logger } from 'pino';
import { Loop } from '../../database/loop.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { Lease, StateCenter } from '../../state/contract.ts';
import type { FileStorage } from '../../storage/contract.ts';
import type { FileOptions, FileRow } from './contract.ts';
import { deleteFile, type DeletionDeps } from './deletion.ts';
import { isPicture, PICTURE_FOLDER, pictureFile, pictureFiles, pictureIdOf, pictureUrl } from './keys.ts';
import type { FileStore } from './store.ts';
import { fileEvent } from './view.ts';

const REST_MS = 60_000;
const BATCH = 100;
const HOUR_MS = 3_600_000;
/** Between two comparisons of all rows with all bytes. */
const HEAL_EVERY_MS = 6 * HOUR_MS;
/** What is younger is perhaps just being written. */
const SETTLED_MS = HOUR_MS;
const LEASE = 'files:sweep';

export interface SweeperDeps extends DeletionDeps {
  store: FileStore;
  outbox: Outbox;
  storage: FileStorage;
  state: StateCenter;
  options: Pick<FileOptions, 'orphanHours'>;
  /** Removes whatever there is of a video; false when another node has to. */
  removeVideo(row: FileRow): Promise<boolean>;
  logger: Logger;
}

/**
 * Removes the bytes of files that were deleted, pictures that never came whole or that nobody shows, and puts right what a
 * crash or a lost disk left: bytes without a row, rows without bytes. Each node does so for the bytes it has.
 */
export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #loop: Loop;
  #lease: Lease | undefined;
  #healAtMs: number;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#healAtMs = deps.now();
    this.#loop = new Loop({
      ...{ logger: deps.logger, restMs: REST_MS, failedWords: 'files that are not needed were not removed' },
      work: () => this.#turn(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Something was deleted. */
  nudge(): void {
    this.#loop.nudge();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#lease?.release();
    this.#lease = undefined;
  }

  async #turn(): Promise<boolean> {
    const { state, now } = this.#deps;
    const isMore = await this.removeDeleted();
    if (this.#lease?.isHeld !== true) this.#lease = await state.lease(LEASE);
    if (this.#lease !== undefined) await this.deleteUnused();
    if (now() < this.#healAtMs) return isMore;
    this.#healAtMs = now() + HEAL_EVERY_MS;
    await this.heal();
    return isMore;
  }

  /** The second half of every deletion. Answers whether there may be more. */
  async removeDeleted(): Promise<boolean> {
    const { store, storage, removeVideo } = this.#deps;
    const rows = await store.deleted(storage.folderId, BATCH);
    let removed = 0;
    for (const row of rows) {
      if (isPicture(row)) for (const file of pictureFiles(row.id, row.purpose)) await storage.delete(file);
      else if (!(await removeVideo(row))) continue;
      await store.forget(row.id);
      removed++;
    }
    return rows.length === BATCH && removed > 0;
  }

  /** Pictures that did not come whole in their time, and those that nobody shows. */
  async deleteUnused(): Promise<void> {
    const { store, options, now } = this.#deps;
    const late = (await store.expired(now(), BATCH)).filter(isPicture);
    const orphans = await store.orphans(now() - options.orphanHours * HOUR_MS, BATCH);
    // The command line deletes accounts, and tells nobody.
    const ownerless = await store.ownerless(now() - SETTLED_MS, BATCH);
    for (const row of [...late, ...orphans, ...ownerless]) await deleteFile(this.#deps, row);
  }

  /** Compares what is kept here with what is said to be kept here. */
  async heal(): Promise<void> {
    await this.#removeBytesWithoutRow();
    await this.#failRowsWithoutBytes();
  }

  async #removeBytesWithoutRow(): Promise<void> {
    const { store, storage, logger, now } = this.#deps;
    const settledMs = now() - SETTLED_MS;
    let after: string | undefined;
    for (;;) {
      const objects = await storage.list(PICTURE_FOLDER, after);
      after = objects.at(-1)?.key;
      if (after === undefined) return;
      const known = await store.known(objects.map(({ key }) => pictureIdOf(key) ?? ''));
      for (const { key, modifiedAtMs } of objects) {
        const id = pictureIdOf(key);
        // What has another name is not ours.
        if (id === undefined || known.has(id) || modifiedAtMs > settledMs) continue;
        logger.info({ file: id }, 'bytes of no file are removed');
        await storage.delete(key);
      }
    }
  }

  async #failRowsWithoutBytes(): Promise<void> {
    const { store, storage, now } = this.#deps;
    let after = '';
    for (;;) {
      const rows = await store.pictures(storage.folderId, { after, beforeMs: now() - SETTLED_MS, limit: BATCH });
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      for (const row of rows) if (!(await this.#isThere(row))) await this.#fail(row);
    }
  }

  async #isThere({ id }: FileRow): Promise<boolean> {
    const { storage } = this.#deps;
    return (await storage.sizeOf(pictureFile(id, 'full'))) !== undefined;
  }

  /** Its owner sees that it is lost, and what showed it shows it no longer. */
  async #fail(row: FileRow): Promise<void> {
    const { store, outbox, logger } = this.#deps;
    logger.warn({ file: row.id }, 'the bytes of a picture are gone');
    await outbox.transact(async ({ transaction, emit }) => {
      const changes = { problem: 'bytes_missing', size_bytes: 0 };
      const after = await store.move(transaction, { id: row.id, from: ['ready'], to: 'failed', changes });
      if (after === undefined) return;
      await store.clearReferences(transaction, pictureUrl(row.id));
      await emit(fileEvent(after));
    });
  }
}
