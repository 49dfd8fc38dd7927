import { stat, writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import { RecordedFileError, type EngineRecorder, type MediaEngine, type RecordedIndex } from '../../engine/contract.ts';
import { BucketError, type Bucket } from '../../storage/contract.ts';
import { auditRecording, recordingEvent, SYSTEM } from './announcer.ts';
import type { Claims } from './claims.ts';
import { isMissing, POSTER_FILE, type RecordingFolder } from './folder.ts';
import { Loop } from './loop.ts';
import type { PartRow, RecordingRow, RecordingStore } from './store.ts';

const EVERY_MS = 10_000;
/** Files read at one time, and as many moved. */
const JOBS = 2;
/** Looked at at one time; those behind them wait. */
const BATCH = 200;
const RETRY_MS = 2000;
const MAX_RETRY_MS = 5 * 60_000;
/** Broadcasts seldom begin with what they are about. */
const POSTER_AT_MS = 10_000;
export const MP4 = 'video/mp4';
export const JPEG = 'image/jpeg';

export interface WorkshopDeps {
  store: RecordingStore;
  outbox: Outbox;
  engine: MediaEngine;
  folder: RecordingFolder;
  bucket: Bucket | undefined;
  claims: Claims;
  /** Whether a replay is published as soon as it is ready. */
  publish: boolean;
  onFinished(): void;
  /** The bucket took something, or did not. */
  onBucket(works: boolean): void;
  logger: Logger;
  now: () => number;
}

/**
 * What becomes of files once they are closed: read for where they can be cut, a poster made of the first one, moved to
 * the bucket where there is one. What is to be done stands in the database, so that nothing is forgotten, whenever the
 * process dies; what fails is tried again, later and later.
 */
export class Workshop {
  readonly #deps: WorkshopDeps;
  readonly #loop: Loop;
  /** By file: how often it failed, and when it is tried again. */
  readonly #failed = new Map<string, { times: number; atMs: number }>();
  readonly #jobs = new Map<string, Promise<void>>();

  constructor(deps: WorkshopDeps) {
    this.#deps = deps;
    this.#loop = new Loop({
      work: () => this.#work(),
      logger: deps.logger,
      failedWords: 'recordings could not be finished',
      retryMs: EVERY_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** What runs is left as it is: it is done again by the next start. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#jobs.values());
  }

  nudge(): void {
    this.#loop.nudge();
  }

  async #work(): Promise<number> {
    const { engine, store, folder, bucket, now } = this.#deps;
    const { recorder } = engine;
    if (recorder === undefined) return EVERY_MS;
    const withUploads = bucket !== undefined;
    const found = await store.work(folder.id, { withUploads, limit: BATCH });
    const waiting = new Set(found.map(keyOf));
    for (const key of this.#failed.keys()) if (!waiting.has(key)) this.#failed.delete(key);
    for (const part of found) {
      const kind = part.head_bytes === null ? 'read' : 'move';
      const key = `${kind} ${keyOf(part)}`;
      const running = [...this.#jobs.keys()].filter((job) => job.startsWith(kind)).length;
      if (running >= JOBS || this.#jobs.has(key) || (this.#failed.get(keyOf(part))?.atMs ?? 0) > now()) continue;
      const job = this.#try(part, kind === 'read' ? () => this.#read(recorder, part) : () => this.#move(bucket, part));
      this.#jobs.set(
        key,
        job.finally(() => {
          this.#jobs.delete(key);
          this.nudge();
        }),
      );
    }
    for (const row of await store.finished(folder.id, { withUploads })) await this.#finish(row);
    const soonest = Math.min(...[...this.#failed.values()].map(({ atMs }) => atMs - now()));
    return Math.max(100, Math.min(EVERY_MS, soonest));
  }

  async #try(part: PartRow, work: () => Promise<void>): Promise<void> {
    const { claims, logger, onBucket, now } = this.#deps;
    const key = keyOf(part);
    try {
      if (!(await claims.take(part.recording_id))) return;
      await work();
      this.#failed.delete(key);
    } catch (error) {
      if (error instanceof BucketError) onBucket(false);
      const times = (this.#failed.get(key)?.times ?? 0) + 1;
      const waitMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(times - 1, 20));
      this.#failed.set(key, { times, atMs: now() + waitMs });
      logger.warn({ err: error, recording: part.recording_id, file: part.file, waitMs }, 'a file waits to be finished');
    }
  }

  /** Says where it can be cut, and makes the poster of the first one. */
  async #read(recorder: EngineRecorder, part: PartRow): Promise<void> {
    const { store, folder } = this.#deps;
    const path = folder.pathOf(part.recording_id, part.file);
    const index = await this.#index(recorder, part, path);
    const row = await store.find(part.recording_id);
    if (index !== undefined && row !== undefined && row.poster === null)
      await this.#makePoster(recorder, { id: row.id, path, atMs: Math.min(POSTER_AT_MS, part.duration_ms / 2) });
    await store.setIndex(part.recording_id, part.n, index);
  }

  async #move(bucket: Bucket | undefined, { recording_id: id, n, file, size_bytes: sizeBytes }: PartRow) {
    const { store, folder, onBucket } = this.#deps;
    await bucket?.putFile(bucketKey(id, file), folder.pathOf(id, file), { sizeBytes, type: MP4 });
    onBucket(true);
    // Deleted meanwhile, and its files there with it.
    if ((await store.find(id)) === undefined) return bucket?.delete(bucketKey(id, file));
    await store.setStored(id, n);
    await folder.removeFile(id, file);
  }

  /** Undefined when it can never be played: that is said once, and not tried again. */
  async #index(recorder: EngineRecorder, part: PartRow, path: string): Promise<RecordedIndex | undefined> {
    try {
      const index = await recorder.index(path);
      if (index.segments.length > 0) return index;
      throw new RecordedFileError('nothing in it begins with a key frame');
    } catch (error) {
      if (!(error instanceof RecordedFileError) && !isMissing(error)) throw error;
      this.#deps.logger.error(
        { err: error, recording: part.recording_id, file: part.file },
        'a recorded file cannot be played',
      );
      return undefined;
    }
  }

  async #makePoster(
    recorder: EngineRecorder,
    { id, path, atMs }: { id: string; path: string; atMs: number },
  ): Promise<void> {
    const { store, folder, bucket } = this.#deps;
    const jpeg = await recorder.poster(path, atMs);
    if (jpeg !== undefined) {
      if (bucket === undefined) await writeFile(folder.pathOf(id, POSTER_FILE), jpeg);
      else await bucket.putBytes(bucketKey(id, POSTER_FILE), jpeg, JPEG);
    }
    await store.setPoster(id, jpeg !== undefined);
  }

  async #finish(row: RecordingRow): Promise<void> {
    const { store, outbox, folder, bucket, claims, publish, onFinished, logger, now } = this.#deps;
    if (!(await claims.take(row.id))) return;
    if (row.state === 'processing') {
      const parts = (await store.parts([row.id])).filter(({ head_bytes: head }) => (head ?? 0) > 0);
      const isReady = parts.length > 0;
      await outbox.transact(async ({ transaction, emit }) => {
        const after = await store.move(transaction, {
          id: row.id,
          from: ['processing'],
          to: isReady ? 'ready' : 'failed',
          changes: {
            started_at: parts[0]?.epoch_ms ?? row.started_at,
            duration_ms: parts.reduce((sum, part) => sum + part.duration_ms, 0),
            size_bytes: parts.reduce((sum, part) => sum + part.size_bytes, 0),
            // What was uploaded is published by its owner.
            ...(isReady && publish && row.room_id !== null ? { published: 1 } : {}),
          },
        });
        if (after === undefined) return;
        const action = isReady ? 'recording.finished' : 'recording.failed';
        await auditRecording(transaction, { row, actor: SYSTEM, action, atMs: now() });
        if (isReady) await emit(recordingEvent('recording.ready', after));
      });
      logger.info({ recording: row.id, roomId: row.room_id, files: parts.length }, 'a recording is finished');
    }
    if (bucket !== undefined) {
      // A poster that was made before there was a bucket.
      await this.#movePoster(bucket, row.id);
      await folder.remove(row.id);
      await store.leaveFolder(row.id);
    }
    await claims.release(row.id);
    if (row.state === 'processing') onFinished();
  }

  async #movePoster(bucket: Bucket, id: string): Promise<void> {
    const { folder } = this.#deps;
    const path = folder.pathOf(id, POSTER_FILE);
    try {
      const { size } = await stat(path);
      await bucket.putFile(bucketKey(id, POSTER_FILE), path, { sizeBytes: size, type: JPEG });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

/** Of a file in the bucket. */
export function bucketKey(recordingId: string, file: string): string {
  return `${recordingId}/${file}`;
}

const keyOf = (part: PartRow): string => `${part.recording_id}/${part.n}`;
