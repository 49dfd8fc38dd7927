import { join, resolve } from 'node:path';
import { OperatorError } from '../app/operator-error.ts';
import { backupSqlite } from '../database/backup.ts';
import { describePostgres } from '../database/postgres.ts';
import type { Command } from './command.ts';
import { asOperator, configOf } from './site.ts';

export const backup: Command = {
  name: 'backup',
  usage: 'FILE',
  summary: 'copy the SQLite database to FILE, checked, while the server runs',
  operands: 1,
  run: async ({ flags, operands: [target = ''] }) => {
    const { database, dataDir } = await configOf(flags);
    const { url } = database;
    await asOperator(async () => {
      if (url !== undefined)
        throw new OperatorError(
          `PostgreSQL has its own tool: pg_dump --format=custom --file='${target}' '${describePostgres(url)}'`,
        );
      await backupSqlite({ file: join(resolve(dataDir), 'kaibo.db'), target });
    });
    console.log(`${resolve(target)}: made and checked. The keys in ${resolve(dataDir)} are not in it; keep them too.`);
    return 0;
  },
};
