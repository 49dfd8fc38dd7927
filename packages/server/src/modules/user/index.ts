import type { FastifyInstance } from 'fastify';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import { addUserRoutes } from './routes.ts';
import { UserService } from './service.ts';
import { UserStore } from './store.ts';

export { createUserDirectory } from './directory.ts';

export interface UserDeps {
  database: Database;
  outbox: Outbox;
  engine: MediaEngine;
  rooms: RoomDirectory;
  now: () => number;
}

/** Profiles and follows. */
export interface UserModule {
  accountHolder: AccountHolder;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
}

export function createUserModule({ database, outbox, engine, rooms, now }: UserDeps): UserModule {
  const store = new UserStore(database);
  const service = new UserService({ store, outbox, engine, rooms, now });
  return {
    accountHolder: {
      name: 'follows',
      exportData: (userId) => store.followsOf(userId),
      // The database forgets follows with the account.
      accountGone: async () => {},
    },
    addRoutes: (app, callerOf) => addUserRoutes(app, { service, callerOf }),
  };
}
