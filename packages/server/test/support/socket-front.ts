// The sockets and events of the platform on a front of their own: channels and rooms are the test's, everything else is real.
import cookie from '@fastify/cookie';
import { fastify } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { AppError, type Account, type Authenticator, type Revoked } from '../../src/modules/gateway/contract.ts';
import { answerError } from '../../src/modules/gateway/errors.ts';
import { makeCallerOf } from '../../src/modules/gateway/index.ts';
import type { RoomDirectory } from '../../src/modules/live/contract.ts';
import type { ChannelSource, RealtimeCommand } from '../../src/modules/realtime/contract.ts';
import {
  addRealtimeRoutes,
  measureRealtime,
  RealtimeService,
  type RealtimeOptions,
} from '../../src/modules/realtime/index.ts';
import { addSignalingRoutes, measureSignaling, SignalingService } from '../../src/modules/signaling/index.ts';
import { Roster, type RosterOptions } from '../../src/sockets/roster.ts';
import { routeUpgrades } from '../../src/sockets/upgrade.ts';
import type { StateCenter } from '../../src/state/contract.ts';
import { MemoryStateCenter } from '../../src/state/memory.ts';

/** Tokens are `NAME` or `NAME:SESSION`; `bad` is none, `old` has expired. */
export class TokenBook implements Authenticator {
  readonly lifetimeMs: number;
  readonly #listeners = new Set<(revoked: Revoked) => void>();

  constructor(lifetimeMs: number) {
    this.lifetimeMs = lifetimeMs;
  }

  async authenticate(token: string): Promise<Account> {
    if (token === 'bad') throw new AppError('invalid_token');
    if (token === 'old') throw new AppError('token_expired');
    const [id = '', sessionId] = token.split(':');
    return { id, username: id, role: 'user', sessionId, via: 'bearer', expiresAtMs: Date.now() + this.lifetimeMs };
  }

  onRevoked(listener: (revoked: Revoked) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  revoke(revoked: Revoked): void {
    for (const listener of this.#listeners) listener(revoked);
  }
}

export interface FrontOptions {
  sources?: readonly ChannelSource[];
  commands?: readonly RealtimeCommand[];
  rooms?: RoomDirectory;
  access?: 'members' | 'open';
  realtime?: Partial<RealtimeOptions>;
  roster?: Partial<RosterOptions>;
  state?: StateCenter;
  tokenLifetimeMs?: number;
}

export interface SocketFront {
  base: string;
  state: StateCenter;
  tokens: TokenBook;
  realtime: RealtimeService;
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** Listening on a free port, stopped when the test ends. */
export async function startFront(options: FrontOptions): Promise<SocketFront> {
  const state = options.state ?? new MemoryStateCenter();
  const authenticator = new TokenBook(options.tokenLifetimeMs ?? 900_000);
  const logger = pino({ level: 'silent' });
  const now = Date.now;
  const roster = new Roster({ authenticator, now, options: options.roster });
  const { sources = [], commands = [], rooms } = options;
  const realtime = new RealtimeService({
    state,
    sources,
    commands,
    authenticator,
    roster,
    logger,
    now,
    options: options.realtime,
  });
  const app = fastify({ forceCloseConnections: true, trustProxy: true });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  await app.register(cookie);
  app.decorateRequest('account', undefined);
  const registry = new Registry();
  const deps = { callerOf: makeCallerOf({ trustProxy: true }), authenticator, roster };
  addRealtimeRoutes(app, { service: realtime, ...deps });
  measureRealtime(registry, realtime);
  const signaling =
    rooms &&
    new SignalingService({
      ...{ state, rooms, authenticator, roster, logger, now },
      engine: {},
      access: options.access ?? 'members',
    });
  if (signaling !== undefined) {
    addSignalingRoutes(app, { service: signaling, ...deps });
    measureSignaling(registry, signaling, roster);
  }
  routeUpgrades(app, app.server);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const stop = async (): Promise<void> => {
    roster.close();
    signaling?.close();
    realtime.close();
    await app.close();
    await state.close();
  };
  onTestFinished(stop);
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return { base, state, tokens: authenticator, realtime, metrics: () => registry.metrics(), stop };
}
