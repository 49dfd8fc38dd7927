import { Calendar, rebuildRankings } from '../modules/rank/index.ts';
import type { Command } from './command.ts';
import { inOffice } from './office.ts';

const rebuild: Command = {
  name: 'rank rebuild',
  summary: 'count the rankings anew from gifts, follows and rooms, also while the server runs',
  run: ({ flags }) =>
    inOffice(flags, async ({ config, database }) => {
      const { gifts, follows, rooms } = await rebuildRankings(database, new Calendar(config.rank.timeZone));
      console.log(`counted anew: ${gifts} gifts, ${follows} follows, ${rooms} broadcasts`);
      return 0;
    }),
};

export const rankCommands: readonly Command[] = [rebuild];
