import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { ChannelSource, RealtimeCommand } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';

/** What every module around a room is given. */
export interface InteractDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  users: UserDirectory;
  rooms: RoomDirectory;
  logger: Logger;
  now: () => number;
  /** `members`: writing needs an account; `open`: a signed viewer id is enough where no money is concerned. */
  access: 'members' | 'open';
}

/** What a module offers to the platform; whatever it leaves out it has not. */
export interface InteractModule {
  addRoutes?(app: FastifyInstance, callerOf: CallerOf): void;
  channels?: readonly ChannelSource[];
  commands?: readonly RealtimeCommand[];
  accountHolder?: AccountHolder;
  /** Its own metrics. */
  measure?(registry: Registry): void;
  /** After the engine started. */
  start?(): Promise<void>;
  /** Idempotent. */
  stop?(): Promise<void>;
}
