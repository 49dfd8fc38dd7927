import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../../database/database.ts';
import { Projector } from '../../database/projector.ts';
import type { EngineHandler, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { Bucket } from '../../storage/contract.ts';
import type { Caller, CallerOf } from '../gateway/contract.ts';
import type { ListRoomsQuery, Room, RoomFacts } from '../live/contract.ts';
import type { ChannelSource } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { createAlarms, type AlarmDeps } from './alarm/index.ts';
import type { Condition } from './alarm/readings.ts';
import { BucketWatch } from './bucket-watch.ts';
import { MonitorChannel } from './channel.ts';
import { MONITOR_CHANNEL, MONITOR_SAMPLED, type ConfigSetting, type StreamBoard } from './contract.ts';
import { Minutes } from './minutes.ts';
import { Peers } from './peers.ts';
import { Reporter } from './reporter.ts';
import { addMonitorRoutes } from './routes.ts';
import { Sampler, type Vantage } from './sampler.ts';
import { MonitorService } from './service.ts';
import { MonitorStore } from './store.ts';

export { ProcessMetrics } from './process-metrics.ts';

const SAMPLE_MS = 2000;

export interface MonitorDeps extends Pick<
  AlarmDeps,
  'outbox' | 'notifier' | 'mailer' | 'isPublic' | 'bounds' | 'place' | 'pageUrl'
> {
  database: Database;
  state: StateCenter;
  engine: MediaEngine;
  users: UserDirectory;
  logger: Logger;
  now: () => number;
  alarms: AlarmDeps['options'];
  /** Where recordings and files are kept, where it is not here. */
  bucket: Pick<Bucket, 'probe'> | undefined;
  /** Where `dataDir` is. */
  folder: string;
  version: string;
  settings: readonly ConfigSetting[];
  countRooms(): Promise<Readonly<Record<string, number>>>;
  openRooms(): Promise<RoomFacts[]>;
  listRooms(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }>;
  /** What recording suffers from on this node. */
  recordingAlarms(): Condition['recording'];
}

/** How the platform does, for its operators. */
export interface MonitorModule {
  channels: readonly ChannelSource[];
  board: StreamBoard;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** The handler, with refusals counted. */
  behind(handler: EngineHandler): EngineHandler;
  measure(registry: Registry): void;
  /** Before the start. */
  look(vantage: Vantage): void;
  /** After the engine started. */
  start(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export function createMonitorModule(deps: MonitorDeps): MonitorModule {
  const { database, state, users, now, logger, settings, bucket } = deps;
  const bucketWatch = bucket && new BucketWatch({ bucket, logger });
  let vantage: Vantage | undefined;
  const peers = new Peers({ state, logger, now });
  const store = new MonitorStore(database);
  const service = new MonitorService({ ...deps, store, peers, countAccounts: () => users.countUsers() });
  const channel = new MonitorChannel({ state, overview: () => service.overview() });
  const alarms = createAlarms({
    ...{ ...deps, options: deps.alarms },
    lostNodes: () => peers.lost(),
    livingPlaces: () => peers.places(),
    firing: () => peers.reports().flatMap((report) => report.alarms),
    failedRecordings: (sinceMs) => store.failedRecordings(sinceMs),
    failingWebhooks: () => store.failingWebhooks(),
    publish: (event, data) => state.publishEphemeral(MONITOR_CHANNEL, event, data),
  });
  const sampler = new Sampler({ ...deps, nodeId: state.nodeId, vantage: () => vantage });
  const reporter = new Reporter({
    ...deps,
    peers,
    sampler,
    alarms,
    place: deps.place.id,
    vantage: () => vantage,
    everyMs: SAMPLE_MS,
  });
  const minutes = new Minutes();
  const projector = new Projector({
    ...{ name: 'monitor', state, logger, everyMs: SAMPLE_MS },
    work: async () => {
      const nodes = peers.reports().map(({ node }) => node);
      const ended = minutes.add(nodes, now());
      if (ended !== undefined) await store.addMinute(ended);
      if (await channel.isWatched())
        await state.publishEphemeral(MONITOR_CHANNEL, MONITOR_SAMPLED, await service.overview());
    },
    onLost: () => minutes.forget(),
  });
  return {
    channels: [channel],
    board: peers,
    addRoutes: (app, callerOf) => {
      addMonitorRoutes(app, { service, settings, callerOf });
      alarms.addRoutes(app, callerOf);
    },
    behind: (handler) => alarms.refusalsBehind(handler),
    measure: (registry) => alarms.measure(registry),
    look: (given) => {
      const ofBucket = bucketWatch && { bucket: () => bucketWatch.state };
      vantage = { ...given, breakers: { ...given.breakers, ...ofBucket } };
    },
    start: async () => {
      bucketWatch?.start();
      await peers.start();
      await reporter.start();
      projector.start();
      alarms.start();
    },
    stop: async () => {
      await projector.stop();
      await reporter.stop();
      await bucketWatch?.stop();
      await alarms.stop();
      await peers.stop();
    },
  };
}
