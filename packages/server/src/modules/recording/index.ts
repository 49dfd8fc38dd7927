import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { EngineHandler, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import type { Bucket } from '../../storage/contract.ts';
import { CONTROL_CHANNEL, type AccountHolder } from '../auth/contract.ts';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { recordingAccountHolder } from './account.ts';
import { Alarms } from './alarms.ts';
import { Claims } from './claims.ts';
import { RECORDING_CHANGED, type Alarm, type RecordingLookup, type ReplayShelf } from './contract.ts';
import { deleteRecording } from './deletion.ts';
import { RecordedFiles } from './files.ts';
import { RecordingFolder } from './folder.ts';
import { Keeper, type KeeperOptions } from './keeper.ts';
import { KeeperStore } from './keeper-store.ts';
import { measureRecordings } from './metrics.ts';
import { RecordingPass } from './pass.ts';
import { addReplayRoutes } from './replay-routes.ts';
import { addRecordingRoutes } from './routes.ts';
import { RecordingRunner } from './runner.ts';
import { RecordingService } from './service.ts';
import { RecordingStore } from './store.ts';
import { VideoShelf } from './shelf.ts';
import { Workshop } from './workshop.ts';

export interface RecordingDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  rooms: RoomDirectory;
  users: UserDirectory;
  logger: Logger;
  now: () => number;
  /** Of what is given out signed; every node has the same. */
  signingKey: Buffer;
  options: KeeperOptions & { enabled: boolean; publish: boolean };
  /** Absolute path. */
  folder: string;
  bucket: Bucket | undefined;
}

/** Broadcasts that are kept: recorded, finished, replayed, deleted. */
export interface RecordingModule {
  accountHolder: AccountHolder;
  lookup: RecordingLookup;
  /** What recording suffers from on this node. */
  alarms(): readonly Alarm[];
  shelf: ReplayShelf;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** The handler, with this module hearing what it is told. */
  behind(handler: EngineHandler): EngineHandler;
  measure(registry: Registry): void;
  /** After the engine started; what a crash left is finished first. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** For the command line: the platform that runs removes the files. @throws AppError recording_not_found, recording_active */
export async function removeRecording(
  deps: { database: Database; outbox: Outbox; now: () => number },
  id: string,
  actor: string,
): Promise<void> {
  const store = new RecordingStore(deps.database, deps.now);
  const row = await store.find(id);
  if (row === undefined) throw new AppError('recording_not_found');
  if (!(await deleteRecording({ ...deps, store }, row, { actor: { name: actor } })))
    throw new AppError('recording_active');
}

export function createRecordingModule(deps: RecordingDeps): RecordingModule {
  const { engine, bucket, state, logger } = deps;
  const { store, keeperStore, folder, alarms, claims, keeper, workshop, runner, service, files, shelf } =
    assemble(deps);
  const nudge = (): void => {
    runner.nudge();
    keeper.nudge();
  };
  let unsubscribe: Unsubscribe | undefined;
  return {
    accountHolder: recordingAccountHolder({ store, keeper }),
    lookup: service,
    alarms: () => alarms.active,
    shelf,
    addRoutes: (app, callerOf) => {
      addRecordingRoutes(app, { service, keeper, callerOf });
      addReplayRoutes(app, { service, files, engine, callerOf });
    },
    behind: (handler) => ({
      ...handler,
      makeRoom: () => keeper.makeRoomNow(),
      notify: (event) => {
        handler.notify(event);
        runner.heard(event);
      },
    }),
    measure: (registry) => {
      measureRecordings(registry, {
        alarms,
        countByState: () => keeperStore.countByState(),
        running: async () => ((await engine.recorder?.list()) ?? []).length,
        space: () => folder.space(),
        usedBytes: async () => (await keeper.storage()).usedBytes,
      });
    },
    start: async () => {
      if (engine.recorder === undefined) logger.info('this media engine does not record');
      unsubscribe = await state.subscribe(CONTROL_CHANNEL, {
        deliver: ({ event }) => {
          if (event === RECORDING_CHANGED) nudge();
        },
        reset: nudge,
      });
      keeper.start();
      runner.start();
      workshop.start();
    },
    stop: async () => {
      await unsubscribe?.();
      await runner.stop();
      await workshop.stop();
      await keeper.stop();
      await claims.releaseAll();
      bucket?.close();
    },
  };
}

function assemble(deps: RecordingDeps) {
  const { database, now, bucket, state, options } = deps;
  const folder = RecordingFolder.open(deps.folder);
  const store = new RecordingStore(database, now);
  const keeperStore = new KeeperStore(database);
  const claims = new Claims(state);
  const alarms = new Alarms({ ...deps, store: keeperStore });
  const parts = { ...deps, store, keeperStore, folder, claims, alarms };
  const keeper = new Keeper({ ...parts, onChange: () => runner.nudge() });
  const workshop = new Workshop({
    ...parts,
    publish: options.publish,
    onFinished: () => keeper.nudge(),
    onBucket: (works) => keeper.bucketWorked(works),
  });
  const runner = new RecordingRunner({
    ...parts,
    mayRecord: (playId) => options.enabled && keeper.mayRecord(playId),
    onWork: () => {
      workshop.nudge();
      keeper.nudge();
    },
  });
  const service = new RecordingService({ ...parts, keeper, pass: new RecordingPass(deps), isEnabled: options.enabled });
  const files = new RecordedFiles({ folder, bucket });
  const shelf = new VideoShelf({ ...parts, service, keeper, onWork: () => workshop.nudge() });
  return { ...parts, keeper, workshop, runner, service, files, shelf };
}
