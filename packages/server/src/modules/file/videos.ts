import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import type { Bucket, BucketOptions } from '../../storage/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import { RECORDING_CHANGED, type ReplayShelf } from '../recording/contract.ts';
import { FILES_CHANGED, type FileOptions, type FileRow, type StoredFile } from './contract.ts';
import type { FileReserver } from './reserver.ts';
import type { FileStore } from './store.ts';
import type { UploadFacts, UploadPlace } from './upload-contract.ts';
import { DiskUploads } from './upload-disk.ts';
import { UploadLocker } from './upload-locker.ts';
import { addUploadRoutes } from './upload-routes.ts';
import { UploadServer } from './upload-server.ts';
import { UploadService } from './upload-service.ts';
import { VideoJob } from './video-job.ts';
import { VideoQueue } from './video-queue.ts';
import { addVideoRoutes } from './video-routes.ts';
import { videoView } from './video-view.ts';
import { fileView } from './view.ts';

const HOUR_MS = 3_600_000;
/** Of the folder of files: what was fetched from a bucket to be worked on. */
const WORK_FOLDER = '.videos';

export interface VideosDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  store: FileStore;
  reserver: FileReserver;
  replays: ReplayShelf;
  options: FileOptions;
  /** Of files on this machine, absolute. */
  folder: string;
  /** Which folder that is; null where files are in the bucket. */
  folderId: string | null;
  bucket: Bucket | undefined;
  bucketOptions: BucketOptions;
  logger: Logger;
  now: () => number;
}

/** Videos of accounts: uploaded in pieces, made into replays, deleted with them. */
export interface Videos {
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** Files of any kind as their owners see them, in the same order. */
  view(rows: readonly FileRow[]): Promise<StoredFile[]>;
  /** All that is left of one that was deleted, its replay included. False when another node has to. */
  erase(row: FileRow): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createVideos(deps: VideosDeps): Promise<Videos> {
  const { state, store, replays: shelf, options } = deps;
  // Both know each other: the place asks by the rows, the rows are changed by what comes to the place.
  const place = await openPlace(deps, (id) => uploads.factsOf(id));
  const uploads = new UploadService({ ...deps, place, onWhole: () => queue.nudge() });
  const locker = new UploadLocker(state);
  const server = new UploadServer({
    ...{ place, locker, maxBytes: options.videoMaxBytes, logger: deps.logger },
    onWhole: (id) => uploads.finish(id),
  });
  const job = new VideoJob({ ...deps, shelf, place, minFreeBytes: options.minFreeBytes });
  const queue = new VideoQueue({ ...deps, shelf, place, uploads, job });
  let unsubscribe: Unsubscribe | undefined;
  return {
    addRoutes: (app, callerOf) => {
      addUploadRoutes(app, { service: uploads, server, callerOf });
      addVideoRoutes(app, { store, shelf, callerOf });
    },
    view: async (rows) => {
      const replays = await shelf.findMany(rows.flatMap(({ recording_id: id }) => (id === null ? [] : [id])));
      return rows.map((row) =>
        row.kind === 'video' ? videoView(row, replays.get(row.recording_id ?? '')) : fileView(row),
      );
    },
    erase: async ({ id, storage_key: key, folder_id: folderId }) => {
      if (key !== null && folderId !== place.folderId) return false;
      // Also of one that died between becoming a recording and saying so.
      await shelf.remove(id, 'file deleted');
      await place.remove(id);
      return true;
    },
    start: async () => {
      await locker.start();
      unsubscribe = await state.subscribe(CONTROL_CHANNEL, {
        deliver: ({ event }) => {
          if (event === RECORDING_CHANGED || event === FILES_CHANGED) queue.nudge();
        },
        reset: () => queue.nudge(),
      });
      queue.start();
    },
    stop: async () => {
      await unsubscribe?.();
      await queue.stop();
      await locker.stop();
    },
  };
}

async function openPlace(
  { folder, folderId, bucket, bucketOptions, options }: VideosDeps,
  factsOf: (id: string) => Promise<UploadFacts | undefined>,
): Promise<UploadPlace> {
  const expiryMs = options.uploadHours * HOUR_MS;
  const { bucket: name } = bucketOptions;
  if (folderId !== null) return DiskUploads.open({ path: folder, folderId, expiryMs, factsOf });
  if (bucket === undefined || name === undefined) throw new Error('files are in no folder and in no bucket');
  // The SDK is large: only where there is a bucket.
  const { BucketUploads } = await import('./upload-bucket.ts');
  const work = join(folder, WORK_FOLDER);
  return new BucketUploads({ bucket, options: { ...bucketOptions, bucket: name }, expiryMs, folder: work });
}
