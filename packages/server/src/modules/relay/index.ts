import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { EngineHandler, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import { relayAccountHolder } from './account.ts';
import { addRelayRoutes } from './routes.ts';
import { RelayRunner } from './runner.ts';
import { RelayService } from './service.ts';
import { RelayStore } from './store.ts';

export interface RelayDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  rooms: RoomDirectory;
  logger: Logger;
  now: () => number;
  perRoom: number;
  /** Whether several nodes share the database. */
  hasPeers: boolean;
}

/** Rooms that are sent on to servers elsewhere while they are live. */
export interface RelayModule {
  accountHolder: AccountHolder;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** The handler, with this module hearing what it is told. */
  behind(handler: EngineHandler): EngineHandler;
  /** After the engine started. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRelayModule(deps: RelayDeps): RelayModule {
  const store = new RelayStore(deps.database, deps.now);
  const service = new RelayService({ ...deps, store });
  const runner = new RelayRunner({ ...deps, store });
  return {
    accountHolder: relayAccountHolder({ store, outbox: deps.outbox }),
    addRoutes: (app, callerOf) => addRelayRoutes(app, { service, callerOf }),
    behind: (handler) => ({
      ...handler,
      notify: (event) => {
        handler.notify(event);
        runner.heard(event);
      },
    }),
    start: () => runner.start(),
    stop: () => runner.stop(),
  };
}
