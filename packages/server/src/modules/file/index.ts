import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import { Outbound } from '../../http/outbound.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { BucketStorage } from '../../storage/bucket-storage.ts';
import type { Bucket, BucketOptions, FileStorage } from '../../storage/contract.ts';
import { DiskStorage } from '../../storage/disk-storage.ts';
import { CONTROL_CHANNEL, type AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { ReplayShelf } from '../recording/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { fileAccountHolder } from './account.ts';
import { FILES_CHANGED, type FileOptions, type PictureLibrary } from './contract.ts';
import { addImageRoutes } from './image-routes.ts';
import { ImportStore } from './import-store.ts';
import { Importer } from './importer.ts';
import { Library } from './library.ts';
import { addPictureRoutes } from './picture-routes.ts';
import { Pictures } from './pictures.ts';
import { PictureWorkshop } from './picture-workshop.ts';
import { FileReserver } from './reserver.ts';
import { addFileRoutes } from './routes.ts';
import { FileService } from './service.ts';
import { PictureShelf } from './shelf.ts';
import { FileStore } from './store.ts';
import { Sweeper } from './sweeper.ts';
import { createVideos } from './videos.ts';

export interface FileDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  users: UserDirectory;
  engine: MediaEngine;
  /** Where videos become replays. */
  replays: ReplayShelf;
  /** Whether anybody on the Internet could reach an address. */
  isPublic(address: string): boolean;
  options: FileOptions & { allowPrivate: readonly string[] };
  /** Absolute path; where files are kept without a bucket. */
  folder: string;
  bucket: Bucket | undefined;
  /** Of the bucket, with its prefix, for what speaks to it by itself. */
  bucketOptions: BucketOptions;
  logger: Logger;
  now: () => number;
}

/** Pictures and videos of accounts: taken, kept, shown, counted, deleted. */
export interface FileModule {
  pictures: PictureLibrary;
  accountHolder: AccountHolder;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** To fetch a picture that somebody names, all in all. */
const FETCH_MS = 15_000;

export async function createFileModule(deps: FileDeps): Promise<FileModule> {
  const { state, bucket, folder, options } = deps;
  const storage = bucket === undefined ? await DiskStorage.open(folder, options) : new BucketStorage(bucket);
  const parts = await assemble(deps, storage);
  const { service, pictures, library, shelf, workshop, outbound, sweeper, importer, store, videos } = parts;
  const changed = (): void => {
    shelf.forget();
    sweeper.nudge();
  };
  let unsubscribe: Unsubscribe | undefined;
  return {
    pictures: library,
    accountHolder: fileAccountHolder({ ...deps, store }),
    addRoutes: (app, callerOf) => {
      addFileRoutes(app, { service, callerOf });
      addImageRoutes(app, { pictures, service, options });
      addPictureRoutes(app, shelf);
      videos.addRoutes(app, callerOf);
    },
    start: async () => {
      unsubscribe = await state.subscribe(CONTROL_CHANNEL, {
        deliver: ({ event }) => {
          if (event === FILES_CHANGED) changed();
        },
        reset: changed,
      });
      sweeper.start();
      importer.start();
      await videos.start();
    },
    stop: async () => {
      await unsubscribe?.();
      outbound.stop();
      workshop.stop();
      await Promise.all([sweeper.stop(), importer.stop(), videos.stop()]);
      bucket?.close();
    },
  };
}

async function assemble(deps: FileDeps, storage: FileStorage) {
  const { database, now, options, logger, isPublic } = deps;
  const store = new FileStore(database, now);
  const reserver = new FileReserver({ ...deps, store });
  const workshop = new PictureWorkshop({ workers: options.imageWorkers, timeoutMs: options.imageTimeoutMs, logger });
  const pictures = new Pictures({ ...deps, store, storage, workshop, reserver });
  const outbound = new Outbound({ isPublic, allowPrivate: options.allowPrivate, timeoutMs: FETCH_MS });
  const library = new Library({ store, pictures, outbound, options });
  const videos = await createVideos({ ...deps, store, reserver, folderId: storage.folderId });
  const service = new FileService({ ...deps, store, view: (rows) => videos.view(rows) });
  const sweeper = new Sweeper({ ...deps, store, storage, removeVideo: (row) => videos.erase(row) });
  const importer = new Importer({ ...deps, store: new ImportStore(database), library });
  return {
    store,
    pictures,
    outbound,
    library,
    service,
    workshop,
    sweeper,
    importer,
    videos,
    shelf: new PictureShelf(storage),
  };
}
