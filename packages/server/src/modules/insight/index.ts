import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import { Projector } from '../../database/projector.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { StreamBoard } from '../monitor/contract.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import type { ChannelSource } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { insightAccountHolder } from './account.ts';
import { InsightChannel } from './channel.ts';
import type { InsightOptions } from './contract.ts';
import { Days } from './days.ts';
import { People } from './people.ts';
import { addInsightRoutes } from './routes.ts';
import { RoomSampler } from './sampler.ts';
import { InsightService } from './service.ts';
import { InsightStore } from './store.ts';
import { Summaries } from './summaries.ts';
import { SummaryStore } from './summary-store.ts';

/** How often it is looked whether a step is over. */
const EVERY_MS = 1000;
/** Between two looks for broadcasts that are over. */
const FINISH_MS = 5000;
const SWEEP_MS = 3_600_000;
const POINTS_MS = 6 * SWEEP_MS;
const DAY_MS = 24 * SWEEP_MS;

export interface InsightDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  users: UserDirectory;
  rooms: RoomDirectory;
  /** Who publishes how, on all nodes. */
  board: StreamBoard;
  calendar: PeriodStarts;
  /** Of the calendar; left out, the server's. */
  timeZone: string | undefined;
  options: InsightOptions;
  /** Tells of everybody who begins to watch on this node. */
  onArrival(listener: (arrival: { roomId: string; person: string }) => void): void;
  logger: Logger;
  now: () => number;
}

/** How broadcasts went. */
export interface InsightModule {
  channels: readonly ChannelSource[];
  accountHolder: AccountHolder;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** After the engine started. */
  start(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export function createInsightModule(deps: InsightDeps): InsightModule {
  const { database, outbox, state, users, rooms, logger, now } = deps;
  const store = new InsightStore(database);
  const summaryStore = new SummaryStore(database);
  const summaries = new Summaries({ database, insight: store, store: summaryStore, users, now });
  const service = new InsightService({ rooms, store, summaryStore, summaries, days: new Days(deps), now });
  const channel = new InsightChannel(service);
  const sampler = new RoomSampler({ ...deps, store });
  const people = new People({ database, logger });
  deps.onArrival((arrival) => people.came(arrival));
  const dueAt = { finish: 0, sweep: 0 };
  const projector = new Projector({
    ...{ name: 'insight', state, logger, everyMs: EVERY_MS },
    work: async () => {
      await sampler.tick();
      if (isDue(dueAt, 'finish', FINISH_MS)) await summaries.finish();
      if (isDue(dueAt, 'sweep', SWEEP_MS)) await sweep(deps, store);
    },
    onLost: () => sampler.forget(),
  });
  return {
    channels: [channel],
    accountHolder: insightAccountHolder({ service, store, outbox }),
    addRoutes: (app, callerOf) => addInsightRoutes(app, { service, callerOf }),
    start: async () => {
      people.start();
      projector.start();
    },
    stop: async () => {
      await projector.stop();
      await people.stop();
    },
  };
}

/** By the machine's own clock, for the platform's may be turned by a test. */
function isDue(dueAt: { finish: number; sweep: number }, what: keyof typeof dueAt, everyMs: number): boolean {
  const now = performance.now();
  if (now < dueAt[what]) return false;
  dueAt[what] = now + everyMs;
  return true;
}

function sweep({ now, options: { keepDays } }: InsightDeps, store: InsightStore): Promise<void> {
  const keptSinceMs = keepDays === 0 ? undefined : now() - keepDays * DAY_MS;
  return store.sweep({ pointsSinceMs: now() - POINTS_MS, keptSinceMs });
}
