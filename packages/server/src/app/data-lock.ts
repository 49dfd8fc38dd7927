import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { OperatorError } from './operator-error.ts';

/**
 * Holds `dataDir` against a second process, by a lock that the operating system drops with the process, however it
 * dies; SQLite's own file lock is one on every system. The pid file beside it only serves the error message.
 */
export class DataLock {
  readonly #lock: SqliteDriver.Database;
  readonly #pidFile: string;

  private constructor(lock: SqliteDriver.Database, pidFile: string) {
    this.#lock = lock;
    this.#pidFile = pidFile;
  }

  /** @throws OperatorError naming the process that holds it. */
  static take(dataDir: string): DataLock {
    const pidFile = join(dataDir, 'kaibo.pid');
    const lock = new SqliteDriver(join(dataDir, 'kaibo.lock'), { timeout: 0 });
    try {
      lock.exec('begin exclusive');
    } catch (error) {
      lock.close();
      if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
      throw new OperatorError(`dataDir ${dataDir} is in use by another Kaibo (process ${readPid(pidFile)})`);
    }
    writeFileSync(pidFile, `${process.pid}\n`);
    return new DataLock(lock, pidFile);
  }

  release(): void {
    if (!this.#lock.open) return;
    rmSync(this.#pidFile, { force: true });
    this.#lock.close();
  }
}

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
