import type { Database } from '../../database/database.ts';
import type { UserDirectory, UserFacts } from './contract.ts';
import { UserStore, type UserRow } from './store.ts';

/** How other modules look accounts up; banned is judged at the moment of asking. */
export function createUserDirectory(database: Database, now: () => number): UserDirectory {
  const store = new UserStore(database);
  const facts = (row: UserRow): UserFacts => userFacts(row, now());
  return {
    find: async (userId) => {
      const row = await store.find(userId);
      return row === undefined ? undefined : facts(row);
    },
    findMany: async (userIds) => new Map((await store.findMany(userIds)).map((row) => [row.id, facts(row)])),
    findByUsername: async (username) => {
      const row = await store.findByUsername(username);
      return row === undefined ? undefined : facts(row);
    },
    channelByPlayId: async (playId) => {
      const row = await store.findByPlayId(playId);
      return row === undefined
        ? undefined
        : { owner: facts(row), playId: row.play_id, streamSecret: row.stream_secret };
    },
    isFollowing: (followerId, userId) => store.isFollowing(followerId, userId),
    countUsers: () => store.count(),
  };
}

function userFacts(row: UserRow, nowMs: number): UserFacts {
  const { id, username, name, avatar, role, banned_at, banned_until } = row;
  const isBanned = banned_at !== null && (banned_until === null || banned_until > nowMs);
  return { id, username, name, avatar: avatar ?? undefined, role, isBanned };
}
