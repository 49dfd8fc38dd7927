import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { Loop } from '../../database/loop.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { ReplayShelf } from '../recording/contract.ts';
import type { FileProblem, FileRow } from './contract.ts';
import type { FileStore } from './store.ts';
import type { UploadPlace } from './upload-contract.ts';
import type { UploadService } from './upload-service.ts';
import { VideoFailure, type VideoJob } from './video-job.ts';
import { videosWithoutReplay } from './video-store.ts';
import { videoView } from './video-view.ts';
import { fileEvent } from './view.ts';

/** A replay becomes ready without saying so. */
const REST_MS = 2000;
const RETRY_MS = 5000;
const MAX_RETRY_MS = 5 * 60_000;
/** What fails so often, other than by the file itself, will not succeed. */
const MOST_TRIES = 6;
const BATCH = 200;

export interface VideoQueueDeps {
  database: Database;
  store: FileStore;
  outbox: Outbox;
  state: StateCenter;
  place: UploadPlace;
  shelf: ReplayShelf;
  uploads: UploadService;
  job: VideoJob;
  logger: Logger;
  now: () => number;
}

/**
 * What becomes of videos once they are here, one at a time on each node: looked at, made into what replays are made of,
 * handed to the recordings, and the original removed. Where each of them is stands in the database, so that a process
 * that dies forgets nothing.
 */
export class VideoQueue {
  readonly #deps: VideoQueueDeps;
  /** By file: how often it failed, and when it is tried again. */
  readonly #failed = new Map<string, { times: number; atMs: number }>();
  readonly #stopping = new AbortController();
  readonly #loop: Loop;

  constructor(deps: VideoQueueDeps) {
    this.#deps = deps;
    this.#loop = new Loop({
      ...{ restMs: REST_MS, logger: deps.logger, failedWords: 'videos could not be worked on' },
      work: () => this.#turn(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** There may be something to do. */
  nudge(): void {
    this.#loop.nudge();
  }

  /** What is being made is broken off, and begun anew by the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  async #turn(): Promise<boolean> {
    const { database, store, shelf, uploads, now } = this.#deps;
    await uploads.sweep();
    for (const row of await videosWithoutReplay(database, BATCH)) await uploads.giveUp(row);
    const rows = await store.videos(['processing'], BATCH);
    const known = new Set(rows.map(({ id }) => id));
    for (const id of this.#failed.keys()) if (!known.has(id)) this.#failed.delete(id);
    const replays = await shelf.findMany(rows.flatMap(({ recording_id: id }) => (id === null ? [] : [id])));
    for (const row of rows) {
      if (this.#stopping.signal.aborted) return false;
      if (row.recording_id !== null) await this.#follow(row, replays.get(row.recording_id));
      else if ((this.#failed.get(row.id)?.atMs ?? 0) <= now()) await this.#try(row);
    }
    return false;
  }

  /** One that is a recording is ready when that is. */
  async #follow(row: FileRow, replay: Parameters<typeof videoView>[1]): Promise<void> {
    if (replay === undefined) return this.#deps.uploads.giveUp(row);
    if (row.storage_key !== null && row.folder_id === this.#deps.place.folderId) await this.#removeOriginal(row);
    if (replay.state === 'failed') return this.#fail(row, 'processing_failed');
    if (replay.state !== 'ready') return;
    const changes = { size_bytes: replay.sizeBytes, reserved_bytes: 0, duration_ms: replay.durationMs };
    await this.#deps.outbox.transact(async ({ transaction, emit }) => {
      const after = await this.#deps.store.move(transaction, {
        id: row.id,
        from: ['processing'],
        to: 'ready',
        changes,
      });
      if (after !== undefined) await emit(fileEvent(after, videoView(after, replay)));
    });
  }

  async #try(row: FileRow): Promise<void> {
    const { place, state, logger, now } = this.#deps;
    // The bytes are on another node's disk.
    if (row.folder_id !== place.folderId) return;
    const lease = await state.lease(`video:${row.id}`);
    if (lease === undefined) return;
    try {
      await this.#make(row);
      this.#failed.delete(row.id);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const times = (this.#failed.get(row.id)?.times ?? 0) + 1;
      const { problem, isFinal } =
        error instanceof VideoFailure ? error : { problem: 'processing_failed' as const, isFinal: false };
      logger.warn({ err: error, file: row.id, problem }, 'no replay could be made of a video');
      if (isFinal || times >= MOST_TRIES) return await this.#fail(row, problem);
      this.#failed.set(row.id, { times, atMs: now() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (times - 1)) });
    } finally {
      await lease.release();
    }
  }

  async #make(row: FileRow): Promise<void> {
    const { store, outbox, job } = this.#deps;
    const facts = await job.run(row, this.#stopping.signal);
    const changes = {
      ...{ recording_id: row.id, media_type: facts.mediaType, width: facts.width, height: facts.height },
      ...{ duration_ms: facts.durationMs > 0 ? facts.durationMs : null },
    };
    const after = await outbox.transact(({ transaction }) =>
      store.move(transaction, { id: row.id, from: ['processing'], changes }),
    );
    if (after === undefined) {
      // Deleted meanwhile, and nobody knew that there is a replay.
      await this.#deps.shelf.remove(row.id, 'file deleted');
      return;
    }
    await this.#removeOriginal(after);
  }

  async #removeOriginal(row: FileRow): Promise<void> {
    const { store, outbox, place } = this.#deps;
    await place.remove(row.id);
    await outbox.transact(({ transaction }) =>
      store.move(transaction, { id: row.id, from: ['processing', 'failed'], changes: { storage_key: null } }),
    );
  }

  /** Its bytes are of no use to anybody, and count no more. */
  async #fail(row: FileRow, problem: FileProblem): Promise<void> {
    const { store, outbox, shelf } = this.#deps;
    await shelf.remove(row.id, 'failed');
    const changes = { problem, size_bytes: 0, reserved_bytes: 0 };
    const after = await outbox.transact(async ({ transaction, emit }) => {
      const failed = await store.move(transaction, { id: row.id, from: ['processing'], to: 'failed', changes });
      if (failed !== undefined) await emit(fileEvent(failed));
      return failed;
    });
    if (after !== undefined) await this.#removeOriginal(after);
  }
}
