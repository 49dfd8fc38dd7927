import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import SqliteFile from 'better-sqlite3';
import { OperatorError } from '../../app/operator-error.ts';
import { reasonOf } from '../../database/errors.ts';
import { newerWords } from '../../database/migrate.ts';
import { MIGRATIONS } from '../../database/migrations/index.ts';
import { readBackup, sumOf, type About, type Sums } from './manifest.ts';
import { DATABASE } from './places.ts';

/**
 * Reads all of a backup: every file is as it was written, the database is sound and of this Kaibo or an older one.
 * @throws OperatorError for the first thing that is not
 */
export async function checkBackup(folder: string): Promise<{ about: About; sums: Sums }> {
  const { about, sums } = readBackup(folder);
  for (const [path, sum] of sums) {
    if (!existsSync(join(folder, path))) throw new OperatorError(`the backup ${folder} lacks ${path}`);
    if ((await sumOf(join(folder, path))) !== sum)
      throw new OperatorError(`${path} of the backup ${folder} is not as it was written; take another backup`);
  }
  if (about.database === 'sqlite') checkDatabase(resolve(folder, DATABASE));
  return { about, sums };
}

function checkDatabase(file: string): void {
  let unknown: string[] = [];
  try {
    const database = new SqliteFile(file, { readonly: true, fileMustExist: true });
    try {
      const found = database.pragma('integrity_check', { simple: true });
      if (found !== 'ok') throw new OperatorError(`the database ${file} is damaged: ${String(found)}`);
      const names = database.prepare('select name from kysely_migration').pluck().all() as string[];
      unknown = names.filter((name) => !Object.hasOwn(MIGRATIONS, name));
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`the database ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  if (unknown.length > 0) throw new OperatorError(newerWords(unknown));
}
