import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../database/database.ts';
import type { MediaEngine } from '../engine/contract.ts';
import type { Tracer } from '../http/trace.ts';
import type { Authenticator, CallerOf } from '../modules/gateway/contract.ts';
import {
  addAsyncApi,
  addDocs,
  addEngineHooks,
  addHealthRoutes,
  addMediaProxy,
  createGateway,
  createMetrics,
  LoadGuard,
  makeCallerOf,
  measureProtection,
  measureBreakers,
  measureRequests,
  measureStreams,
  metricsListener,
  RateLimits,
  serveWeb,
  type App,
  type Breakers,
  type Protection,
} from '../modules/gateway/index.ts';
import type { EmbedModule } from '../modules/embed/index.ts';
import type { InteractModule } from '../modules/interact/contract.ts';
import type { NodeModule } from '../modules/node/index.ts';
import type { LiveModule } from '../modules/live/index.ts';
import { addRealtimeRoutes, measureRealtime } from '../modules/realtime/index.ts';
import { addSignalingRoutes, measureSignaling } from '../modules/signaling/index.ts';
import { routeUpgrades } from '../sockets/upgrade.ts';
import type { StateCenter } from '../state/contract.ts';
import { bucketOrigins } from '../storage/index.ts';
import type { Config } from './config.ts';
import { createHttpServer, createHttpsServer, createMetricsServer } from './listeners.ts';
import type { Sockets } from './sockets.ts';
import { socketDocuments } from './socket-documents.ts';
import { redisOf } from './state.ts';

const WEB_DIRECTORY = join(import.meta.dirname, '../../../web/dist');

/** The HTTP side. */
export interface Front {
  app: App;
  http: Server;
  https: TlsServer | undefined;
  metrics: Server;
  registry: Registry;
  servers: Server[];
}

interface FrontDeps {
  config: Config;
  logger: Logger;
  webDirectory?: string;
  database: Database;
  state: StateCenter;
  engine: MediaEngine;
  now: () => number;
  live: LiveModule;
  embed: EmbedModule;
  node: NodeModule;
  /** Those that have routes. */
  modules: readonly { addRoutes?(app: App, callerOf: CallerOf): void }[];
  /** Those that take requests on a socket. */
  talking: readonly Pick<InteractModule, 'commands'>[];
  sockets: Sockets;
  authenticator: Authenticator;
  status: { isStopping: boolean };
  breakers: Breakers;
  /** Left out, nothing is traced. */
  tracer?: Tracer;
}

/** The HTTP side: gateway, routes, realtime upgrades, web app, metrics. Not listening yet. */
export async function createFront({
  config,
  logger,
  database,
  engine,
  live,
  embed,
  node,
  modules,
  talking,
  sockets,
  authenticator,
  status,
  breakers,
  tracer,
  webDirectory = WEB_DIRECTORY,
  ...rest
}: FrontDeps): Promise<Front> {
  const protection = protectionOf({ ...rest, config, status });
  const { trustProxy, publicUrl } = config;
  const callerOf = makeCallerOf({
    trustProxy: trustProxy !== false,
    publicUrl,
    mediaPublicHost: config.media.publicHost,
    passesMedia: config.http.mediaProxy,
    allowedOrigins: config.cors.origins,
  });
  const servers: { http?: Server; https?: TlsServer } = {};
  const app = await createGateway({
    ...{ protection, tracer },
    allowedOrigins: config.cors.origins,
    logger: logger.child({ module: 'http' }),
    ...{ trustProxy, authenticator, callerOf, access: config.log.access },
    connectOrigins: (site) => [...engine.connectOrigins(site), ...node.connectOrigins(site)],
    storageOrigins: bucketOrigins(config.s3),
    frameAncestors: config.embed.frameAncestors,
    serverFactory: (handler) => {
      servers.https = createHttpsServer(config, handler);
      return (servers.http = createHttpServer(config, handler));
    },
  });
  const registry = measureAll(app, { config, engine, live, sockets, protection, breakers });
  addHealth(app, { database, engine, node, status, breakers });
  for (const module of modules) module.addRoutes?.(app, callerOf);
  addSockets(app, { sockets, callerOf, authenticator, registry });
  addAsyncApi(app, socketDocuments(talking.flatMap(({ commands = [] }) => commands)));
  addEngineHooks(app, engine.callbacks);
  addDocs(app);
  if (config.http.mediaProxy) proxyMedia(app, { config, callerOf, engine });
  await serveWeb(app, webDirectory, (request) => embed.headOf(request, callerOf));
  await app.ready();
  const { http, https } = servers;
  if (http === undefined) throw new Error('fastify did not ask for its server');
  const metrics = createMetricsServer(config, metricsListener(registry, config.metrics));
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

function measureAll(
  app: App,
  {
    config,
    engine,
    live,
    sockets,
    protection,
    breakers,
  }: Pick<FrontDeps, 'config' | 'engine' | 'live' | 'sockets' | 'breakers'> & { protection: Protection },
): Registry {
  const registry = createMetrics({
    rooms: () => live.countRooms(),
    viewers: () => live.countViewers(),
    sockets: () => sockets.roster.count('realtime'),
  });
  measureRequests(app, registry);
  measureStreams(registry, { engine, perStream: config.metrics.perStream });
  measureProtection(registry, protection);
  measureBreakers(registry, breakers);
  return registry;
}

function proxyMedia(
  app: App,
  { config, callerOf, engine }: Pick<FrontDeps, 'config' | 'engine'> & { callerOf: CallerOf },
): void {
  const { sockets: maxStreams, socketsPerAddress: maxPerAddress } = config.limits;
  addMediaProxy(app, { callerOf, target: () => engine.httpTarget?.(), rtc: engine.rtcHttp, maxStreams, maxPerAddress });
}

function addSockets(
  app: App,
  {
    sockets: { roster, realtime, signaling },
    registry,
    ...deps
  }: { sockets: Sockets; registry: Registry; callerOf: CallerOf; authenticator: Authenticator },
): void {
  addRealtimeRoutes(app, { ...deps, service: realtime, roster });
  measureRealtime(registry, realtime);
  addSignalingRoutes(app, { ...deps, service: signaling, roster });
  measureSignaling(registry, signaling, roster);
}

function addHealth(
  app: App,
  { database, engine, node, status, breakers }: Pick<FrontDeps, 'database' | 'engine' | 'node' | 'status' | 'breakers'>,
): void {
  const checks = {
    running: () => !status.isStopping,
    accepting: () => node.state() === 'active',
    database: async () => (await sql`select 1`.execute(database)).rows.length === 1,
    // An engine that all nodes share takes none of them out of service.
    engine: () => engine.capabilities.shared === true || engine.health().ok,
  };
  addHealthRoutes(app, checks, breakers);
}

function protectionOf({
  config,
  state,
  status,
  now,
}: Pick<FrontDeps, 'config' | 'state' | 'status' | 'now'>): Protection {
  // Budgets are shared where the state is.
  const redis = redisOf(state);
  return {
    limits: new RateLimits({
      budgets: config.limits,
      ...(redis === undefined
        ? {}
        : { redis: { client: redis.client, prefix: config.redis.prefix, isAway: () => redis.breaker !== 'closed' } }),
    }),
    load: new LoadGuard(config.limits.eventLoopDelayMs),
    stateHealth: () => state.health(),
    isStopping: () => status.isStopping,
    now,
  };
}
