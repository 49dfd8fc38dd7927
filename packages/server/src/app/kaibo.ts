import { join } from 'node:path';
import type { Server } from 'node:http';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { openDatabase, type Database } from '../database/database.ts';
import { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { type EngineHandler, EnginePortError, type MediaEngine } from '../engine/contract.ts';
import {
  addHealthRoutes,
  countDisconnects,
  createGateway,
  createMetrics,
  createMetricsServer,
  makeCallerOf,
  measureRequests,
  serveWeb,
  type App,
} from '../modules/gateway/index.ts';
import { createLiveModule, type LiveModule } from '../modules/live/index.ts';
import { addRealtimeRoutes, RealtimeService, routeUpgrades, type RealtimeOptions } from '../modules/realtime/index.ts';
import { MemoryStateCenter } from '../state/memory.ts';
import type { StateCenter } from '../state/contract.ts';
import type { Config } from './config.ts';
import { loadSigningKey, makeDataFolder } from './data-folder.ts';
import { DataLock } from './data-lock.ts';
import { closeServer, createHttpServer, createHttpsServer, listen } from './listeners.ts';
import { mediaOptionsOf } from './media-options.ts';
import { OperatorError } from './operator-error.ts';

const WEB_DIRECTORY = join(import.meta.dirname, '../../../web/dist');

export interface KaiboDeps {
  config: Config;
  logger: Logger;
  /** Left out, the embedded one. */
  engine?: MediaEngine;
  webDirectory?: string;
  realtime?: Partial<RealtimeOptions>;
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
  const database = await openDatabase(join(folder, 'kaibo.db'));
  started.defer(() => database.destroy());
  const state: StateCenter = new MemoryStateCenter({ now });
  started.defer(() => state.close());
  const engine =
    deps.engine ?? new EmbeddedEngine({ options: mediaOptionsOf(config), logger: logger.child({ module: 'media' }) });
  const live = createLiveModule({
    database,
    state,
    engine,
    logger: logger.child({ module: 'live' }),
    now,
    signingKey: loadSigningKey(folder),
    access: config.access,
    graceMs: config.media.graceMs,
  });
  started.defer(() => live.stop());
  const realtime = new RealtimeService({
    state,
    sources: live.channels,
    commands: live.commands,
    logger: logger.child({ module: 'realtime' }),
    now,
    options: deps.realtime,
  });
  started.defer(() => realtime.close());
  const status = { isStopping: false };
  const front = await createFront({ ...deps, database, engine, live, realtime, status });
  started.defer(() => front.app.close());
  await startEngine(engine, countDisconnects(front.registry, live.engineHandler));
  started.defer(() => engine.stop());
  await live.start();
  const ports = await listenAll(front, config, started);

  const running = started.move();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    status.isStopping = true;
    live.prepareStop();
    engine.prepareStop();
    realtime.close();
    // The two that wait for peers wait at the same time; the stack then finds them closed.
    await Promise.all([engine.stop(), ...front.servers.map(closeServer)]);
    await running.disposeAsync();
  };
  return { ports, engine, stop: () => (stopping ??= stop()) };
}

interface Front {
  app: App;
  http: Server;
  https: Server | undefined;
  metrics: Server;
  registry: Registry;
  servers: Server[];
}

interface FrontDeps {
  config: Config;
  logger: Logger;
  webDirectory?: string;
  database: Database;
  engine: MediaEngine;
  live: LiveModule;
  realtime: RealtimeService;
  status: { isStopping: boolean };
}

/** The HTTP side: gateway, routes, realtime upgrades, web app, metrics. Not listening yet. */
async function createFront({
  config,
  logger,
  database,
  engine,
  live,
  realtime,
  status,
  webDirectory = WEB_DIRECTORY,
}: FrontDeps): Promise<Front> {
  const { trustProxy, publicUrl } = config;
  const callerOf = makeCallerOf({
    trustProxy: trustProxy !== false,
    publicUrl,
    mediaPublicHost: config.media.publicHost,
  });
  const servers: { http?: Server; https?: Server } = {};
  const app = await createGateway({
    logger: logger.child({ module: 'http' }),
    trustProxy,
    callerOf,
    connectOrigins: (site) => engine.connectOrigins(site),
    serverFactory: (handler) => {
      servers.https = createHttpsServer(config, handler);
      return (servers.http = createHttpServer(handler));
    },
  });
  const registry = createMetrics({
    rooms: () => live.countRooms(),
    viewers: () => live.countViewers(),
    streams: async () => (await engine.streams()).length,
    sockets: () => realtime.connections,
  });
  measureRequests(app, registry);
  addHealthRoutes(app, {
    running: () => !status.isStopping,
    database: async () => (await sql`select 1`.execute(database)).rows.length === 1,
    engine: () => engine.health().ok,
  });
  live.addRoutes(app, callerOf);
  addRealtimeRoutes(app, { service: realtime, callerOf });
  await serveWeb(app, webDirectory);
  await app.ready();
  const { http, https } = servers;
  if (http === undefined) throw new Error('fastify did not ask for its server');
  const metrics = createMetricsServer(registry);
  for (const server of [http, https]) if (server !== undefined) routeUpgrades(app, server);
  return {
    app,
    http,
    https,
    metrics,
    registry,
    servers: [http, https, metrics].filter((server) => server !== undefined),
  };
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
