import { resolve } from 'node:path';
import type { Config } from '../app/config.ts';
import { makeDataFolder } from '../app/data-folder.ts';
import { DataLock } from '../app/data-lock.ts';
import { OperatorError } from '../app/operator-error.ts';
import { audit } from '../database/audit.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { Calendar, rebuildRankings } from '../modules/rank/index.ts';
import type { Command } from './command.ts';
import { OPERATOR } from './office.ts';
import { configOf, databaseOptionsOf, withDatabase } from './site.ts';

const rebuild: Command = {
  name: 'rank rebuild',
  summary: 'count the rankings anew from gifts, follows and rooms; on PostgreSQL also while the server runs',
  run: async ({ flags }) => {
    const config = await configOf(flags);
    makeDataFolder(config.dataDir);
    const lock = config.database.url === undefined ? takeLock(config) : undefined;
    try {
      // Books of years take longer to count than any request may.
      const options = { ...databaseOptionsOf(config), statementTimeoutMs: 0 };
      await withDatabase(
        () => openDatabase(options),
        ({ database }) => rebuildWith(database, config),
      );
      return 0;
    } finally {
      lock?.release();
    }
  },
};

/** SQLite has one writer: a platform beside a rebuild could take no gift until it is done. */
function takeLock({ dataDir }: Config): DataLock {
  try {
    return DataLock.take(resolve(dataDir));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`stop the server first, for its database is SQLite: ${error.message}`, { cause: error });
  }
}

async function rebuildWith(database: Database, { rank }: Config): Promise<void> {
  const details = await rebuildRankings(database, new Calendar(rank.timeZone));
  const note = { actor: OPERATOR, action: 'rankings.rebuilt', subject: 'rankings', details: { ...details } };
  await database.transaction().execute((transaction) => audit(transaction, { ...note, atMs: Date.now() }));
  const { gifts, follows, rooms } = details;
  console.log(`counted anew: ${gifts} gifts, ${follows} follows, ${rooms} broadcasts`);
}

export const rankCommands: readonly Command[] = [rebuild];
