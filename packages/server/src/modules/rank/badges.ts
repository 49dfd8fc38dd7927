import type { SupporterBadges } from './contract.ts';
import type { Boards } from './boards.ts';

/** The first three of this week's supporters. The list is the one of the channel, at most a second old. */
export function supporterBadges(boards: Boards): SupporterBadges {
  return {
    badgesOf: async (channelId, userIds) => {
      const week = boards.supportersOfWeek(channelId);
      const first = new Map<string, 1 | 2 | 3>();
      for (const { userId, place } of (await week.recent()).slice(0, 3)) first.set(userId, place as 1 | 2 | 3);
      return new Map(
        userIds.flatMap((userId) => {
          const place = first.get(userId);
          return place === undefined ? [] : [[userId, place] as const];
        }),
      );
    },
  };
}
