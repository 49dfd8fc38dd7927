import { join, resolve } from 'node:path';
import { isPublicAddress } from '@kaibo/media';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { Outbox } from '../database/outbox.ts';
import type { EngineHandler, MediaEngine } from '../engine/contract.ts';
import { createAuthModule, loadSharedKey, type AuthModule } from '../modules/auth/index.ts';
import type { Authenticator, CallerOf } from '../modules/gateway/contract.ts';
import type { App } from '../modules/gateway/index.ts';
import { createEmbedModule, type EmbedModule } from '../modules/embed/index.ts';
import { createFileModule } from '../modules/file/index.ts';
import type { InteractModule } from '../modules/interact/contract.ts';
import { createLiveModule, type LiveModule } from '../modules/live/index.ts';
import type { LogLines } from '../modules/log/contract.ts';
import { createLogModule, type LogModule } from '../modules/log/index.ts';
import type { MonitorModule } from '../modules/monitor/index.ts';
import type { NodeModule } from '../modules/node/index.ts';
import { createRecordingModule, type RecordingModule } from '../modules/recording/index.ts';
import { createRelayModule } from '../modules/relay/index.ts';
import { createSearchModule } from '../modules/search/index.ts';
import type { UserDirectory } from '../modules/user/contract.ts';
import { createUserDirectory, createUserModule } from '../modules/user/index.ts';
import type { StateCenter } from '../state/contract.ts';
import { openBucket } from '../storage/index.ts';
import type { Config } from './config.ts';
import { loadSigningKey, readSigningKey } from './data-folder.ts';
import { createInteraction } from './interaction.ts';
import { createNodes, othersOf } from './nodes.ts';
import { createObserving, type ObservingDeps } from './observing.ts';

export interface ModuleDeps extends Pick<ObservingDeps, 'origins' | 'version'> {
  config: Config;
  logger: Logger;
  /** What `logger` writes. */
  logLines?: LogLines;
  database: Database;
  /** Whether several nodes share the database. */
  hasPeers: boolean;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  folder: string;
  /** Left out, the accounts of this platform. */
  authenticator?: Authenticator;
  users?: UserDirectory;
  now: () => number;
}

/** Every module of the platform, made and connected; those that run are not started yet. */
export interface Modules {
  auth: AuthModule;
  authenticator: Authenticator;
  live: LiveModule;
  recording: RecordingModule;
  interaction: readonly InteractModule[];
  embed: EmbedModule;
  log: LogModule;
  monitor: MonitorModule;
  node: NodeModule;
  /** Those that have routes. */
  all: readonly { addRoutes?(app: App, callerOf: CallerOf): void }[];
  /** Those that have channels, or take requests on a socket. */
  talking: readonly Pick<InteractModule, 'channels' | 'commands'>[];
  /** What the engine asks and tells. */
  engineHandler: EngineHandler;
  /** After the engine started. */
  start(): Promise<void>;
}

/** They end with `started`, in the reverse order. */
export async function createModules(deps: ModuleDeps, started: AsyncDisposableStack): Promise<Modules> {
  const { config, logger, database, hasPeers, outbox, state, engine, folder, now } = deps;
  const common = { database, outbox, state, engine, now };
  const log = openLog(deps, started);
  const auth = await startAuth(deps, started);
  const users = deps.users ?? createUserDirectory(database, now);
  const signingKey = isShared(config)
    ? await loadSharedKey(database, { own: readSigningKey(folder), now })
    : loadSigningKey(folder);
  const live = createLiveModule({
    ...{ ...common, users, signingKey, access: config.access, graceMs: config.media.graceMs },
    logger: logger.child({ module: 'live' }),
    openRoomsPerUser: config.limits.openRoomsPerUser,
    recording: config.recording.default,
    pictures: () => files.pictures,
    nodes: othersOf(() => node),
  });
  started.defer(() => live.stop());
  const rooms = live.directory;
  const interaction = createInteraction(
    { ...common, users, rooms, logger, access: config.access, recordings: () => recording.lookup },
    config,
  );
  for (const module of interaction.modules) started.defer(() => module.stop?.());
  const user = createUserModule({
    ...{ database, outbox, engine, rooms, rank: interaction.rank, now },
    pictures: () => files.pictures,
  });
  const relay = createRelayModule({
    ...{ ...common, rooms, hasPeers, perRoom: config.limits.relaysPerRoom },
    logger: logger.child({ module: 'relay' }),
  });
  started.defer(() => relay.stop());
  const { recording, files, bucket } = await createStoring({ ...deps, users, rooms, signingKey }, started);
  const embed = createEmbedModule({ rooms, recordings: recording.lookup, publicUrl: config.publicUrl });
  const search = createSearchModule({ rooms, users: user.search, recordings: recording.lookup });
  const { monitor, insight } = createObserving({
    ...{ ...deps, users, live, recording, notifier: interaction.notifier, mailer: auth.mailer, bucket },
  });
  started.defer(() => Promise.all([monitor.stop(), insight.stop()]).then(() => {}));
  const node = createNodes(deps, { live, monitor, signingKey });
  started.defer(() => node.stop());
  for (const { accountHolder } of [relay, recording, files, insight, ...interaction.modules, live, user])
    if (accountHolder !== undefined) auth.addHolder(accountHolder);
  return {
    ...{ auth, live, recording, embed, log, monitor, node, interaction: interaction.modules },
    authenticator: deps.authenticator ?? auth.authenticator,
    all: [
      live,
      relay,
      recording,
      files,
      ...interaction.modules,
      auth,
      user,
      embed,
      search,
      monitor,
      insight,
      node,
      log,
    ],
    talking: [live, ...interaction.modules, monitor, insight],
    engineHandler: log.behind(node.behind(monitor.behind(recording.behind(relay.behind(live.engineHandler))))),
    start: () => startInTurn([log, live, relay, recording, files, ...interaction.modules, monitor, insight]),
  };
}

const isShared = ({ database }: Config): boolean => database.url !== undefined;

/** The first, and so the last to end: the others have something to say until then. */
function openLog(deps: ModuleDeps, started: AsyncDisposableStack): LogModule {
  const { config, logger, database, outbox, state, now } = deps;
  const log = createLogModule({
    ...{ database, outbox, state, now, lines: deps.logLines, options: config.log.store, node: config.node.name },
    logger: logger.child({ module: 'log' }),
  });
  started.defer(() => log.stop());
  return log;
}

async function startAuth(deps: ModuleDeps, started: AsyncDisposableStack): Promise<AuthModule> {
  const { config, logger, database, outbox, state, folder, now } = deps;
  const auth = createAuthModule({
    ...{ database, outbox, state, now, folder, publicUrl: config.publicUrl, auth: config.auth, mail: config.mail },
    databaseKind: isShared(config) ? 'postgres' : 'sqlite',
    logger: logger.child({ module: 'auth' }),
  });
  started.defer(() => auth.stop());
  await auth.start();
  return auth;
}

async function startInTurn(modules: readonly { start?(): Promise<void> }[]): Promise<void> {
  for (const module of modules) await module.start?.();
}

/** What keeps files: on this machine's disk, or in the bucket. */
async function createStoring(
  deps: ModuleDeps & { users: UserDirectory; rooms: LiveModule['directory']; signingKey: Buffer },
  started: AsyncDisposableStack,
) {
  const { config, folder, logger, ...common } = deps;
  const recordingBucket = await openBucket(config.s3);
  const recording = createRecordingModule({
    ...{ ...common, options: config.recording },
    folder: resolve(config.recording.folder ?? join(folder, 'recordings')),
    bucket: recordingBucket,
    logger: logger.child({ module: 'recording' }),
  });
  started.defer(() => recording.stop());
  const bucket = { ...config.s3, prefix: config.files.bucketPrefix };
  const files = await createFileModule({
    ...{ ...common, replays: recording.shelf, options: config.files, isPublic: isPublicAddress },
    folder: resolve(config.files.folder ?? join(folder, 'files')),
    bucket: await openBucket(bucket),
    bucketOptions: bucket,
    logger: logger.child({ module: 'file' }),
  });
  started.defer(() => files.stop());
  return { recording, files, bucket: recordingBucket };
}
