import { Server as TlsServer } from 'node:https';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BreakerState } from '../database/breaker.ts';
import { openDatabase, type Database, type DatabaseHandle, type DatabaseOptions } from '../database/database.ts';
import { DatabaseOpenError } from '../database/errors.ts';
import { Outbox } from '../database/outbox.ts';
import { traceStatements } from '../database/trace.ts';
import { GuardedEngine } from '../engine/guarded-engine.ts';
import { type EngineHandler, EnginePortError, type MediaEngine } from '../engine/contract.ts';
import type { Tracer } from '../http/trace.ts';
import type { Authenticator } from '../modules/gateway/contract.ts';
import { measureHandler } from '../modules/gateway/index.ts';
import { ProcessMetrics } from '../modules/monitor/index.ts';
import type { LogLines } from '../modules/log/contract.ts';
import type { RealtimeOptions } from '../modules/realtime/index.ts';
import type { UserDirectory } from '../modules/user/contract.ts';
import type { StateCenter } from '../state/contract.ts';
import type { RosterOptions } from '../sockets/roster.ts';
import { CertificateWatch } from './certificates.ts';
import type { Config } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { DataLock } from './data-lock.ts';
import { createEngine } from './engine.ts';
import { createFront, type Front } from './front.ts';
import { closeServer, listen } from './listeners.ts';
import { createModules, type ModuleDeps } from './modules.ts';
import { OperatorError } from './operator-error.ts';
import { openSockets } from './sockets.ts';
import { openState, redisOf } from './state.ts';
import { openTracing } from './tracing.ts';

export interface KaiboDeps extends Pick<ModuleDeps, 'origins' | 'version'> {
  config: Config;
  logger: Logger;
  /** What `logger` writes, to be kept and looked at. Left out, only what is audited is. */
  logLines?: LogLines;
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

/** What has figures, and is there before they can be read. */
interface Measured {
  measure(registry: Registry): void;
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
  const measured: Measured[] = [];
  const tracer = await openOwnTracer(deps, started);
  const database = deps.database ?? (await openOwnDatabase(deps, { folder, started, breakers, measured, tracer }));
  const state = deps.state ?? (await openOwnState(deps, started));
  const told = { logger: logger.child({ module: 'outbox' }), node: config.node.name };
  const outbox = new Outbox({ ...told, database, state, now, tracer });
  started.defer(() => outbox.stop());
  measured.push(outbox);
  const engine = new GuardedEngine(deps.engine ?? createEngine({ config, state, folder, logger, now }), tracer);
  const modules = await createModules(
    { ...deps, ...{ database, outbox, state, engine, folder, now }, hasPeers: hasPeers(deps) },
    started,
  );
  const { live, embed, talking, authenticator, node } = modules;
  const sockets = openSockets({ ...deps, state, live, talking, engine, authenticator, now }, started);
  modules.log.welcome(sockets.roster);
  const redis = redisOf(state);
  if (redis !== undefined) breakers['redis'] = () => redis.breaker;
  if (redis !== undefined) measured.push(redis);
  breakers['engine'] = () => engine.breaker;
  breakers['mail'] = () => modules.auth.mailer.state;
  const status = { isStopping: false };
  const base = { ...deps, breakers, database, state, engine, now, authenticator, tracer };
  const front = await createFront({ ...base, live, embed, node, modules: modules.all, talking, sockets, status });
  started.defer(() => front.app.close());
  measured.push(modules.recording, modules.log, engine, modules.monitor);
  for (const part of [...measured, ...modules.interaction]) part.measure?.(front.registry);
  await startEngine(engine, measureHandler(front.registry, modules.engineHandler, tracer));
  started.defer(() => engine.stop());
  const certificate = watchCertificate({ config, front, engine, logger, now }, started);
  const metrics = new ProcessMetrics(front.registry, {
    version: deps.version ?? '',
    folders: foldersOf(config, folder),
    certificateEndMs: () => certificate?.endsAtMs,
  });
  started.defer(() => metrics.stop());
  /** Known once it listens. */
  const place: { address?: string } = {};
  modules.monitor.look({
    breakers,
    connections: () => sockets.roster.count('realtime') + sockets.roster.count('signaling'),
    address: () => place.address,
    node: () => ({ name: node.name, region: node.region, state: node.state() }),
    certificateEndMs: () => certificate?.endsAtMs,
  });
  outbox.start();
  await modules.start();
  const ports = await listenAll(front, config, started);
  place.address = `${config.host}:${ports.http}`;
  await node.join({ port: ports.http, guests: sockets.guests });

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
  return { ports, engine, setup: () => modules.auth.setup(), stop: () => (stopping ??= stop()) };
}

/** Those whose disks may fill up. */
function foldersOf({ recording, files }: Config, data: string): Record<string, string> {
  return {
    data,
    recordings: resolve(recording.folder ?? join(data, 'recordings')),
    files: resolve(files.folder ?? join(data, 'files')),
  };
}

/** Whether other nodes share the database. */
function hasPeers({ config, database }: KaiboDeps): boolean {
  return config.database.url !== undefined || database !== undefined;
}

/** Nothing where there is no certificate. */
function watchCertificate(
  {
    config: { tls },
    front: { servers },
    engine,
    ...deps
  }: { config: Config; front: Front; engine: MediaEngine; logger: Logger; now: () => number },
  started: AsyncDisposableStack,
): CertificateWatch | undefined {
  if (tls.key === undefined || tls.cert === undefined) return undefined;
  const secure = servers.filter((server) => server instanceof TlsServer);
  const files = { key: tls.key, cert: tls.cert };
  const reloadOthers = async (): Promise<void> => engine.reloadTls?.();
  const watch = new CertificateWatch({ ...deps, files, servers: secure, reloadOthers });
  started.defer(() => watch.close());
  return watch;
}

async function openOwnDatabase(
  { config, logger }: KaiboDeps,
  {
    folder,
    started,
    breakers,
    measured,
    tracer,
  }: {
    folder: string;
    started: AsyncDisposableStack;
    breakers: Record<string, () => BreakerState>;
    measured: Measured[];
    tracer: Tracer | undefined;
  },
): Promise<Database> {
  const heard = tracer && traceStatements(tracer);
  const handle = await openStore({ ...config.database, folder, logger: logger.child({ module: 'database' }), heard });
  started.defer(() => handle.close());
  breakers['database'] = () => handle.breaker.state;
  measured.push(handle);
  return handle.database;
}

/** Undefined when nothing is traced. */
async function openOwnTracer(
  { config, logger, version = '' }: KaiboDeps,
  started: AsyncDisposableStack,
): Promise<Tracer | undefined> {
  const tracing = await openTracing(config, { logger: logger.child({ module: 'tracing' }), version });
  if (tracing !== undefined) started.defer(() => tracing.close());
  return tracing;
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
