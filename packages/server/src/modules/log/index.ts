import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import { Projector } from '../../database/projector.ts';
import type { EngineHandler } from '../../engine/contract.ts';
import type { Roster } from '../../sockets/roster.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import { addAuditRoutes } from './audit-routes.ts';
import { AuditStore } from './audit-store.ts';
import type { LogLines } from './contract.ts';
import { addLogRoutes } from './log-routes.ts';
import { LogStore } from './log-store.ts';
import { logMedia } from './media-lines.ts';
import { sweepLogs, type SweeperOptions } from './sweeper.ts';
import { LogTail } from './tail.ts';
import { LogWriter } from './writer.ts';

const SWEEP_EVERY_MS = 5 * 60_000;

export interface LogDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  logger: Logger;
  now: () => number;
  /** What operators call this one; left out, as the machine is called. */
  node?: string;
  /** Left out, only what is audited is kept. */
  lines?: LogLines;
  options: SweeperOptions;
}

/** What all nodes said and who did what, for administrators: kept, searched, looked at as it is said. */
export interface LogModule {
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  measure(registry: Registry): void;
  /** Says what happens to streams. */
  behind(handler: EngineHandler): EngineHandler;
  /** Where connections that stay are known. Before the first request. */
  welcome(roster: Roster): void;
  start(): Promise<void>;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

export function createLogModule(deps: LogDeps): LogModule {
  const { database, outbox, state, logger, now, lines, options } = deps;
  const node = deps.node ?? hostname();
  const store = new LogStore(database);
  const writer = new LogWriter({ store, node, logger, now });
  const tail = new LogTail({ state, node, logger, now });
  const sweeper = new Projector({
    ...{ name: 'logs', state, logger, everyMs: SWEEP_EVERY_MS },
    work: () => sweepLogs(store, { ...options, now }),
  });
  const leave = lines?.listen((line, level) => {
    writer.add(line, level);
    tail.addLine(line, level);
  });
  outbox.onAudited((entries) => tail.addEntries(entries));
  let roster: Roster | undefined;
  return {
    behind: (handler) => logMedia(logger, handler),
    welcome: (given) => (roster = given),
    addRoutes: (app, callerOf) => {
      addAuditRoutes(app, new AuditStore(database));
      addLogRoutes(app, { store, tail, callerOf, roster: () => known(roster) });
    },
    measure: (registry) => {
      new Counter({
        name: 'kaibo_log_lines_dropped_total',
        help: 'Lines of the log that could not be kept in the database',
        registers: [registry],
        collect() {
          this.reset();
          this.inc(writer.dropped);
        },
      });
    },
    start: async () => {
      await tail.start();
      sweeper.start();
    },
    stop: async () => {
      await sweeper.stop();
      await tail.stop();
      leave?.();
      await writer.stop();
    },
  };
}

function known(roster: Roster | undefined): Roster {
  if (roster === undefined) throw new Error('the roster is given before the first request');
  return roster;
}
