import { audit } from '../database/audit.ts';
import { Calendar, rebuildRankings } from '../modules/rank/index.ts';
import type { Command } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';

const rebuild: Command = {
  name: 'rank rebuild',
  summary: 'count the rankings anew from gifts, follows and rooms, also while the server runs',
  run: ({ flags }) =>
    inOffice(flags, async ({ config, database }) => {
      const details = await rebuildRankings(database, new Calendar(config.rank.timeZone));
      const note = {
        actor: OPERATOR,
        action: 'rankings.rebuilt',
        subject: 'rankings',
        details: { ...details },
        atMs: Date.now(),
      };
      await database.transaction().execute((transaction) => audit(transaction, note));
      const { gifts, follows, rooms } = details;
      console.log(`counted anew: ${gifts} gifts, ${follows} follows, ${rooms} broadcasts`);
      return 0;
    }),
};

export const rankCommands: readonly Command[] = [rebuild];
