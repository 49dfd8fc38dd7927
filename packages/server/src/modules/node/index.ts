import { hostname, networkInterfaces } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { EngineHandler, MediaEngine, MediaPlace, Site } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import type { OtherNodes, StreamCarrier } from '../live/contract.ts';
import type { StreamBoard } from '../monitor/contract.ts';
import { CallTokens } from './call-token.ts';
import { NodeCalls } from './calls.ts';
import type { NodeState } from './contract.ts';
import { Drain, type Guests } from './drain.ts';
import { Others } from './others.ts';
import { NodeRegistry } from './registry.ts';
import { addInternalRoutes, addNodeRoutes } from './routes.ts';
import { NodeService } from './service.ts';

export { CallTokens } from './call-token.ts';
export { NodeCalls } from './calls.ts';
export type { Guests } from './drain.ts';

export interface NodeOptions {
  /** Left out, the machine's. */
  name?: string;
  region?: string;
  /** Where people reach the media of this very node. */
  mediaHost?: string;
  mediaUrl?: string;
  rtmpUrl?: string;
  /** Where the other nodes reach it. */
  internalHost?: string;
  drainTimeoutMs: number;
  drainNoticeMs: number;
  drainSpreadMs: number;
}

export interface NodeDeps {
  options: NodeOptions;
  /** What it listens on. */
  host: string;
  database: Database;
  state: StateCenter;
  engine: MediaEngine;
  board: StreamBoard;
  /** Shared by all nodes. */
  signingKey: Buffer;
  /** Which node has a stream. */
  carrier(playId: string): Promise<StreamCarrier>;
  /** Whether there may be others. */
  hasPeers: boolean;
  version: string;
  logger: Logger;
  now: () => number;
}

/** Several nodes as one platform: who there is, who has which stream, and how one leaves. */
export interface NodeModule {
  others: OtherNodes;
  name: string;
  region: string | undefined;
  state(): NodeState;
  /** Origins of other nodes that a page may be led to. */
  connectOrigins(site: Site): string[];
  /** The handler, with streams that other nodes have, and without publishers while this one drains. */
  behind(handler: EngineHandler): EngineHandler;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** Once it listens: the others may know. */
  join(here: { port: number; guests: Guests }): Promise<void>;
  stop(): Promise<void>;
}

export function createNodeModule(deps: NodeDeps): NodeModule {
  const { options, state, engine, board, hasPeers, logger, now } = deps;
  const { nodeId } = state;
  let guests: Guests | undefined;
  const registry = new NodeRegistry({ state, logger });
  const tokens = new CallTokens(deps.signingKey, now);
  const calls = new NodeCalls(tokens);
  const others = new Others({ nodeId, registry, calls, board, logger, carrier: (playId) => deps.carrier(playId) });
  const drain = new Drain({
    ...{ engine, logger, noticeMs: options.drainNoticeMs, spreadMs: options.drainSpreadMs },
    guests: () => guests,
    hasElsewhere: () => registry.all().some(({ facts, state: other }) => facts.id !== nodeId && other === 'active'),
    changed: (became) => registry.setState(became),
  });
  const { drainTimeoutMs } = options;
  const service = new NodeService({ ...deps, nodeId, registry, drain, calls, drainTimeoutMs });
  const name = options.name ?? hostname();
  const startedAtMs = now();
  return {
    others,
    ...{ name, region: options.region },
    state: () => drain.state,
    connectOrigins: (site) =>
      registry.all().flatMap(({ facts }) => (facts.place === undefined ? [] : originsOf(facts.place, site))),
    behind: (handler) => ({
      ...handler,
      authorizePublish: async (client) => {
        if (drain.state === 'active' || engine.ports?.() === undefined) return handler.authorizePublish(client);
        const refusal = new AppError('node_draining');
        return { action: 'deny', status: 503, code: refusal.code, message: refusal.words('zh') };
      },
      ...(hasPeers ? { findOrigin: (stream) => others.origin(stream) } : {}),
    }),
    addRoutes: (app, callerOf) => {
      addNodeRoutes(app, { service, callerOf });
      addInternalRoutes(app, { service, engine, tokens });
    },
    join: async (here) => {
      guests = here.guests;
      const host = hostOf(options.internalHost ?? ownAddress(deps.host));
      const media = engine.ports?.();
      await registry.join({
        ...{ id: nodeId, name, region: options.region, version: deps.version, startedAtMs },
        place: placeOf(options, engine),
        api: `http://${host}:${here.port}`,
        media: media && `http://${host}:${media.http}`,
      });
    },
    stop: async () => {
      await drain.stop();
      await registry.leave();
    },
  };
}

/** Undefined where the operator said nothing: any node shows any stream. */
function placeOf({ mediaHost, mediaUrl, rtmpUrl }: NodeOptions, engine: MediaEngine): MediaPlace | undefined {
  const ports = engine.ports?.();
  if (ports === undefined || (mediaHost ?? mediaUrl ?? rtmpUrl) === undefined) return undefined;
  const { rtmp, http, https, rtc } = ports;
  return { ports: { rtmp, http, https, rtc }, host: mediaHost, httpOrigin: mediaUrl, rtmpOrigin: rtmpUrl };
}

function originsOf(place: MediaPlace, { secure }: Site): string[] {
  const { host, httpOrigin, ports } = place;
  const https = secure && ports.https !== undefined;
  const own = host === undefined ? [] : [`${https ? 'https' : 'http'}://${host}:${https ? ports.https : ports.http}`];
  return [...own, ...(httpOrigin === undefined ? [] : [httpOrigin])].flatMap((http) => [
    http,
    http.replace('http', 'ws'),
  ]);
}

/** Of a platform that listens everywhere, the first address by which other machines reach this one. */
function ownAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::' && host !== '[::]') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4');
  return outer?.address ?? '127.0.0.1';
}

function hostOf(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
