import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { Config } from '../../app/config.ts';
import { OperatorError } from '../../app/operator-error.ts';
import { backupSqlite } from '../../database/backup.ts';
import { copyFile, filesBelow } from './copy.ts';
import { ABOUT_FILE, sumOf, SUMS_FILE, sumsText, type About } from './manifest.ts';
import { DATABASE, isKept, placesOf, type Place } from './places.ts';

export interface CreateOptions {
  config: Config;
  target: string;
  version: string;
  withRecordings: boolean;
  now?: () => number;
}

/**
 * Copies all that a platform keeps on this machine into a new folder, while it runs: the database as it is at one moment,
 * and then the files. So every file that the copied database names is in the backup, but for those that were deleted in
 * between. The folder has its name only when everything is on the disk.
 * @throws OperatorError, DatabaseOpenError
 */
export async function createBackup({ config, target, version, ...options }: CreateOptions): Promise<About> {
  const { withRecordings, now = Date.now } = options;
  const places = placesOf(config);
  const name = resolve(target);
  assertFree(name, places);
  const folder = `${name}.${process.pid}.partial`;
  mkdirSync(dirname(name), { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  try {
    const sums = new Map<string, string>();
    let sizeBytes = 0;
    if (config.database.url === undefined) {
      const copy = join(folder, DATABASE);
      await backupSqlite({ file: join(resolve(config.dataDir), DATABASE), target: copy });
      sums.set(DATABASE, await sumOf(copy));
      sizeBytes += statSync(copy).size;
    }
    for (const place of places) {
      if (place.name === 'recordings' && !withRecordings) continue;
      for await (const path of filesBelow(place.folder, (entry) => isKept(place, entry, places))) {
        const copied = await copyFile(join(place.folder, path), join(folder, place.name, path));
        if (copied === undefined) continue;
        sums.set(`${place.name}/${path}`, copied.sum);
        sizeBytes += copied.sizeBytes;
      }
    }
    const about: About = {
      kaibo: version,
      madeAt: new Date(now()).toISOString(),
      database: config.database.url === undefined ? 'sqlite' : 'postgres',
      recordings: withRecordings,
      fileCount: sums.size,
      sizeBytes,
    };
    writeFileSync(join(folder, SUMS_FILE), sumsText(sums), { mode: 0o600, flush: true });
    writeFileSync(join(folder, ABOUT_FILE), `${JSON.stringify(about, undefined, 2)}\n`, { mode: 0o600, flush: true });
    // An empty folder of that name is replaced; anything else was refused.
    renameSync(folder, name);
    return about;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function assertFree(name: string, places: readonly Place[]): void {
  if (existsSync(name) && (!statSync(name).isDirectory() || readdirSync(name).length > 0))
    throw new OperatorError(`${name} is there already; name a new folder`);
  const around = places.find(({ folder }) => name === folder || name.startsWith(folder + sep));
  if (around !== undefined)
    throw new OperatorError(`${name} is in ${around.folder}, which the backup is of; name a folder elsewhere`);
}
