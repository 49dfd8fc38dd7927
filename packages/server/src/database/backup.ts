import { closeSync, existsSync, fsyncSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import SqliteFile from 'better-sqlite3';
import { DatabaseOpenError, reasonOf } from './errors.ts';

/** All pages in one step: a copy in several steps begins anew whenever the server writes. */
const ALL_PAGES = 0x7f_ff_ff_ff;

/**
 * Copies the SQLite file while a server uses it, checks the copy, and only then gives it its name. What had the name
 * before is there until then; the copy is a single file that its owner alone may read.
 * @throws DatabaseOpenError
 */
export async function backupSqlite({ file, target }: { file: string; target: string }): Promise<void> {
  const name = resolve(target);
  if (!existsSync(file)) throw new DatabaseOpenError(`there is no database at ${file}`);
  if (existsSync(name) && realpathSync(name) === realpathSync(file))
    throw new DatabaseOpenError(`${name} is the database itself; name another file`);
  const copy = `${name}.${process.pid}.partial`;
  try {
    closeSync(openSync(copy, 'wx', 0o600));
    using source = disposable(new SqliteFile(file, { fileMustExist: true }));
    await source.connection.backup(copy, { progress: () => ALL_PAGES });
    check(copy);
    sync(copy);
    renameSync(copy, name);
    sync(dirname(name));
  } catch (error) {
    if (error instanceof DatabaseOpenError) throw error;
    throw new DatabaseOpenError(`the backup ${name} was not made: ${reasonOf(error)}`, { cause: error });
  } finally {
    for (const rest of ['', '-wal', '-shm', '-journal']) rmSync(`${copy}${rest}`, { force: true });
  }
}

function check(copy: string): void {
  using file = disposable(new SqliteFile(copy));
  // Without it the copy would need the two files that WAL keeps beside it.
  file.connection.pragma('journal_mode = DELETE');
  const found = file.connection.pragma('integrity_check', { simple: true });
  if (found !== 'ok') throw new DatabaseOpenError(`the copy is damaged and was removed: ${String(found)}`);
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function disposable(connection: SqliteFile.Database): { connection: SqliteFile.Database } & Disposable {
  return { connection, [Symbol.dispose]: () => void connection.close() };
}
