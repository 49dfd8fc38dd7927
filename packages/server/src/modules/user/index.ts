import type { FastifyInstance } from 'fastify';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { PictureLibrary } from '../file/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { RankFeed } from '../rank/contract.ts';
import type { UserSearch } from './contract.ts';
import { addUserRoutes } from './routes.ts';
import { UserService } from './service.ts';
import { UserStore } from './store.ts';

export { createUserDirectory } from './directory.ts';

export interface UserDeps {
  database: Database;
  outbox: Outbox;
  engine: MediaEngine;
  rooms: RoomDirectory;
  /** Who follows whom counts there. */
  rank: RankFeed;
  /** Asked late: files are made after accounts. */
  pictures: () => PictureLibrary;
  now: () => number;
}

/** Profiles and follows. */
export interface UserModule {
  accountHolder: AccountHolder;
  search: UserSearch;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
}

export function createUserModule({ database, ...deps }: UserDeps): UserModule {
  const store = new UserStore(database);
  const service = new UserService({ store, ...deps });
  return {
    accountHolder: {
      name: 'follows',
      exportData: (userId) => store.followsOf(userId),
      // Those who follow somebody go from the database with the account.
      accountGone: async (userId, why) => {
        if (why === 'deleted') await service.unfollowAll(userId);
      },
    },
    search: service,
    addRoutes: (app, callerOf) => addUserRoutes(app, { service, callerOf }),
  };
}
