import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { BreakerState } from '../database/breaker.ts';
import { openDatabase, type Database, type DatabaseHandle, type DatabaseOptions } from '../database/database.ts';
import { DatabaseOpenError } from '../database/errors.ts';
import { Outbox } from '../database/outbox.ts';
import { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { GuardedEngine } from '../engine/guarded-engine.ts';
import { type EngineHandler, EnginePortError, type MediaEngine } from '../engine/contract.ts';
import { createAuthModule, loadSharedKey } from '../modules/auth/index.ts';
import type { Authenticator } from '../modules/gateway/contract.ts';
import { countDisconnects } from '../modules/gateway/index.ts';
import { createLiveModule } from '../modules/live/index.ts';
import type { RealtimeOptions } from '../modules/realtime/index.ts';
import { createLogModule } from '../modules/log/index.ts';
import {
  createRecordingModule,
  openBucket,
  type RecordingDeps,
  type RecordingModule,
} from '../modules/recording/index.ts';
import { createRelayModule } from '../modules/relay/index.ts';
import type { UserDirectory } from '../modules/user/contract.ts';
import { createUserDirectory, createUserModule } from '../modules/user/index.ts';
import type { StateCenter } from '../state/contract.ts';
import type { RosterOptions } from '../sockets/roster.ts';
import { CertificateWatch } from './certificates.ts';
import type { Config } from './config.ts';
import { loadSigningKey, makeDataFolder, readSigningKey } from './data-folder.ts';
import { DataLock } from './data-lock.ts';
import { createFront, type Front } from './front.ts';
import { createInteraction } from './interaction.ts';
import { closeServer, listen } from './listeners.ts';
import { mediaOptionsOf } from './media-options.ts';
import { OperatorError } from './operator-error.ts';
import { openSockets } from './sockets.ts';
import { openState, redisOf } from './state.ts';

export interface KaiboDeps {
  config: Config;
  logger: Logger;
  /** Left out, the embedded one. */
  engine?: MediaEngine;
  /** Left out, the accounts of this platform. */
  authenticator?: Authenticator;
  users?: UserDirectory;
  /** Left out, made by the configuration. One that is given is shared, and closed by whoever gives it. */
  state?: StateCenter;
  database?: Database;
  webDirectory?: string;
  realtime?: Partial<RealtimeOptions>;
  roster?: Partial<RosterOptions>;
  now?: () => number;
}

export interface KaiboPorts {
  http: number;
  https?: number;
  metrics: number;
}

/** A running platform. */
export interface Kaibo {
  ports: KaiboPorts;
  engine: MediaEngine;
  /** What the operator needs to make the first account from another machine; undefined once there is one. */
  setup(): { token: string; file: string } | undefined;
  /** Tells everybody, writes everything down, closes in the reverse order of the start. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts everything in order: data folder, database, modules, engine, listeners.
 * @throws OperatorError for what the operator has to put right; whatever was started is stopped again.
 */
export async function startKaibo(deps: KaiboDeps): Promise<Kaibo> {
  const { config, logger, now = Date.now } = deps;
  await using started = new AsyncDisposableStack();
  const folder = makeDataFolder(config.dataDir);
  const lock = DataLock.take(folder);
  started.defer(() => lock.release());
  /** Of what this platform depends on and opened itself. */
  const breakers: Record<string, () => BreakerState> = {};
  const database = deps.database ?? (await openOwnDatabase(deps, { folder, started, breakers }));
  const state = deps.state ?? (await openOwnState(deps, started));
  const outbox = new Outbox({ database, state, logger: logger.child({ module: 'outbox' }), now });
  started.defer(() => outbox.stop());
  const engine = engineOf(deps);
  const isShared = config.database.url !== undefined;
  const auth = createAuthModule({
    ...{ database, outbox, state, now, folder, publicUrl: config.publicUrl, auth: config.auth, mail: config.mail },
    databaseKind: isShared ? 'postgres' : 'sqlite',
    logger: logger.child({ module: 'auth' }),
  });
  started.defer(() => auth.stop());
  await auth.start();
  const authenticator = deps.authenticator ?? auth.authenticator;
  const users = deps.users ?? createUserDirectory(database, now);
  const live = createLiveModule({
    ...{ database, outbox, state, engine, users, now, access: config.access, graceMs: config.media.graceMs },
    logger: logger.child({ module: 'live' }),
    signingKey: isShared ? await loadSharedKey(database, { own: readSigningKey(folder), now }) : loadSigningKey(folder),
    openRoomsPerUser: config.limits.openRoomsPerUser,
    recording: config.recording.default,
  });
  started.defer(() => live.stop());
  const interaction = createInteraction({
    ...{ database, outbox, state, engine, users, logger, now, rooms: live.directory, access: config.access },
  });
  for (const module of interaction.modules) started.defer(() => module.stop?.());
  const user = createUserModule({ database, outbox, engine, rooms: live.directory, now });
  const relay = createRelayModule({
    ...{ database, outbox, state, engine, now, rooms: live.directory },
    hasPeers: isShared || deps.database !== undefined,
    logger: logger.child({ module: 'relay' }),
    perRoom: config.limits.relaysPerRoom,
  });
  started.defer(() => relay.stop());
  const forRecording = { database, outbox, state, engine, users, folder, rooms: live.directory };
  const recording = await openRecording(deps, forRecording, started);
  for (const { accountHolder } of [relay, recording, ...interaction.modules, live, user])
    if (accountHolder !== undefined) auth.addHolder(accountHolder);
  const modules = [live, relay, recording, ...interaction.modules, auth, user, createLogModule(database)];
  const talking = [live, ...interaction.modules];
  const sockets = openSockets({ ...deps, state, live, talking, engine, authenticator, now }, started);
  const redis = redisOf(state);
  if (redis !== undefined) breakers['redis'] = () => redis.breaker;
  breakers['engine'] = () => engine.breaker;
  breakers['mail'] = () => auth.mailer.state;
  const status = { isStopping: false };
  const base = { ...deps, breakers, database, state, engine, now, authenticator };
  const front = await createFront({ ...base, live, modules, talking, sockets, status });
  started.defer(() => front.app.close());
  recording.measure(front.registry);
  for (const module of interaction.modules) module.measure?.(front.registry);
  await startEngine(engine, countDisconnects(front.registry, recording.behind(relay.behind(live.engineHandler))));
  started.defer(() => engine.stop());
  watchCertificate({ config, front, engine, logger, now }, started);
  outbox.start();
  for (const module of [live, relay, recording, ...interaction.modules]) await module.start?.();
  const ports = await listenAll(front, config, started);

  const running = started.move();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    status.isStopping = true;
    live.prepareStop();
    engine.prepareStop();
    sockets.roster.close();
    // The two that wait for peers wait at the same time; the stack then finds them closed.
    await Promise.all([engine.stop(), ...front.servers.map(closeServer)]);
    await running.disposeAsync();
  };
  return { ports, engine, setup: () => auth.setup(), stop: () => (stopping ??= stop()) };
}

function engineOf({ config, engine, logger }: KaiboDeps): GuardedEngine {
  const options = mediaOptionsOf(config);
  return new GuardedEngine(engine ?? new EmbeddedEngine({ options, logger: logger.child({ module: 'media' }) }));
}

async function openRecording(
  { config, logger, now = Date.now }: KaiboDeps,
  { folder, ...parts }: Pick<RecordingDeps, 'database' | 'outbox' | 'state' | 'engine' | 'rooms' | 'users' | 'folder'>,
  started: AsyncDisposableStack,
): Promise<RecordingModule> {
  const recording = createRecordingModule({
    ...parts,
    ...{ now, options: config.recording },
    folder: resolve(config.recording.folder ?? join(folder, 'recordings')),
    bucket: await openBucket(config.s3),
    logger: logger.child({ module: 'recording' }),
  });
  started.defer(() => recording.stop());
  return recording;
}

/** Nothing where there is no certificate. */
function watchCertificate(
  {
    config: { tls },
    front: { https: server },
    engine,
    ...deps
  }: { config: Config; front: Front; engine: MediaEngine; logger: Logger; now: () => number },
  started: AsyncDisposableStack,
): void {
  if (server === undefined || tls.key === undefined || tls.cert === undefined) return;
  const files = { key: tls.key, cert: tls.cert };
  const reloadOthers = async (): Promise<void> => engine.reloadTls?.();
  const watch = new CertificateWatch({ ...deps, files, server, reloadOthers });
  started.defer(() => watch.close());
}

async function openOwnDatabase(
  { config, logger }: KaiboDeps,
  {
    folder,
    started,
    breakers,
  }: { folder: string; started: AsyncDisposableStack; breakers: Record<string, () => BreakerState> },
): Promise<Database> {
  const handle = await openStore({ ...config.database, folder, logger: logger.child({ module: 'database' }) });
  started.defer(() => handle.close());
  breakers['database'] = () => handle.breaker.state;
  return handle.database;
}

async function openOwnState(
  { config, logger, now = Date.now }: KaiboDeps,
  started: AsyncDisposableStack,
): Promise<StateCenter> {
  const state = await openState(config, { logger: logger.child({ module: 'state' }), now });
  started.defer(() => state.close());
  return state;
}

async function openStore(options: DatabaseOptions): Promise<DatabaseHandle> {
  try {
    return await openDatabase(options);
  } catch (error) {
    if (error instanceof DatabaseOpenError) throw new OperatorError(error.message, { cause: error });
    throw error;
  }
}

async function startEngine(engine: MediaEngine, handler: EngineHandler): Promise<void> {
  try {
    await engine.start(handler);
  } catch (error) {
    if (error instanceof EnginePortError) throw new OperatorError(error.message, { cause: error });
    throw error;
  }
}

async function listenAll(
  front: Front,
  { host, http, https, metrics }: Config,
  started: AsyncDisposableStack,
): Promise<KaiboPorts> {
  for (const server of front.servers) started.defer(() => closeServer(server));
  return {
    http: await listen(front.http, { host, port: http.port, key: 'http.port' }),
    https:
      front.https === undefined ? undefined : await listen(front.https, { host, port: https.port, key: 'https.port' }),
    metrics: await listen(front.metrics, { host: metrics.host, port: metrics.port, key: 'metrics.port' }),
  };
}
