import { makeDataFolder } from '../app/data-folder.ts';
import { connectDatabase, migrateDatabase } from '../database/database.ts';
import { migrationStatus, newerWords } from '../database/migrate.ts';
import type { Command } from './command.ts';
import { configOf, databaseOptionsOf, withDatabase } from './site.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  usage: '[--status]',
  summary: 'bring the database to the newest form, as start does; --status only shows it',
  options: { status: { type: 'boolean' } },
  run: async ({ flags, options }) => {
    const config = await configOf(flags);
    makeDataFolder(config.dataDir);
    const databaseOptions = databaseOptionsOf(config);
    return withDatabase(
      () => connectDatabase(databaseOptions),
      async (handle) => {
        if (options['status'] !== true) {
          const done = await migrateDatabase(databaseOptions, handle);
          console.log(
            done.length === 0 ? `${handle.place}: nothing to do` : done.map((name) => `done     ${name}`).join('\n'),
          );
          return 0;
        }
        const { done, pending, unknown } = await migrationStatus(handle.database);
        for (const name of done) console.log(`done     ${name}`);
        for (const name of pending) console.log(`pending  ${name}`);
        if (unknown.length > 0) console.error(newerWords(unknown));
        return unknown.length > 0 ? 1 : 0;
      },
    );
  },
};
