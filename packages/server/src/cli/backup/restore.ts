import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../app/config.ts';
import { makeDataFolder } from '../../app/data-folder.ts';
import { DataLock } from '../../app/data-lock.ts';
import { OperatorError } from '../../app/operator-error.ts';
import { checkBackup } from './check.ts';
import { copyFile } from './copy.ts';
import type { About } from './manifest.ts';
import { DATABASE, placesOf, type Place } from './places.ts';

/** Files of the lock that is held meanwhile. */
const OF_THE_LOCK = /^kaibo\.(?:lock(?:-journal)?|pid)$/;
const STAGE = '.restoring';

export interface RestoreOptions {
  config: Config;
  source: string;
  /** Whether what is in `dataDir` is moved aside; otherwise it must be empty. */
  replaces: boolean;
  now?: () => number;
}

/**
 * Puts a backup where the platform keeps its things, with the platform stopped. Everything is checked and copied beside
 * first, and the database gets its name last, so that a restore that fails leaves no half of it.
 * @throws OperatorError
 */
export async function restoreBackup({ config, source, replaces, now = Date.now }: RestoreOptions): Promise<About> {
  const folder = resolve(source);
  const { about, sums } = await checkBackup(folder);
  assertSameDatabase(about, config);
  const places = placesOf(config);
  const files = [...sums].map(([path, sum]) => ({ path, sum, ...placed(path, places) }));
  const data = makeDataFolder(config.dataDir);
  const lock = DataLock.take(data);
  const stages = new Set<string>();
  try {
    // One that a killed restore left.
    for (const place of places) rmSync(join(place.folder, STAGE), { recursive: true, force: true });
    // Recordings that the backup does not have stay as they are.
    const coming = places.filter(({ name }) => name !== 'recordings' || about.recordings);
    const staying = new Set(places.filter((place) => !coming.includes(place)).map(({ folder: place }) => place));
    const aside = `before-restore-${new Date(now()).toISOString().replaceAll(/[:.]/g, '-')}`;
    makeRoom(coming, { data, staying, replaces, aside });
    const moves: [string, string][] = [];
    for (const { path, sum, target, stage } of files) {
      stages.add(stage);
      const copy = join(stage, path);
      if ((await copyFile(join(folder, path), copy))?.sum !== sum)
        throw new OperatorError(`${path} of the backup ${folder} changed while it was read`);
      moves.push([copy, target]);
    }
    for (const [copy, target] of moves.filter(([, file]) => !isDatabase(file, data))) move(copy, target);
    for (const [copy, target] of moves.filter(([, file]) => isDatabase(file, data))) move(copy, target);
    return about;
  } finally {
    for (const stage of stages) rmSync(stage, { recursive: true, force: true });
    // A folder that was only made to hold a stage would be in the way of the next attempt.
    for (const { folder: place } of places)
      if (place !== data && existsSync(place) && readdirSync(place).length === 0) rmdirSync(place);
    lock.release();
  }
}

function assertSameDatabase({ database }: About, { database: { url } }: Config): void {
  if (database === 'sqlite' && url !== undefined)
    throw new OperatorError('the backup is of a platform on SQLite, and database.url names a PostgreSQL');
  if (database === 'postgres' && url === undefined)
    throw new OperatorError(
      'the backup is of a platform on PostgreSQL: set database.url, and restore it by pg_restore',
    );
}

/** What is there already would be mixed with what comes. */
function makeRoom(
  places: readonly Place[],
  { data, staying, replaces, aside }: { data: string; staying: ReadonlySet<string>; replaces: boolean; aside: string },
): void {
  const elsewhere = places.filter(({ folder }) => folder !== data && !folder.startsWith(`${data}/`));
  for (const { folder } of elsewhere)
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new OperatorError(`${folder} is not empty; move away what is in it`);
  const entries = readdirSync(data).filter(
    (name) => !OF_THE_LOCK.test(name) && !name.startsWith('before-restore-') && !staying.has(join(data, name)),
  );
  if (entries.length === 0) return;
  if (!replaces) throw new OperatorError(`${data} is not empty; --replace moves what is in it to ${join(data, aside)}`);
  mkdirSync(join(data, aside), { mode: 0o700 });
  for (const name of entries) renameSync(join(data, name), join(data, aside, name));
}

/** Where a file of a backup belongs, and where it is kept on the same disk until all are there. */
function placed(path: string, places: readonly Place[]): { target: string; stage: string } {
  const [name, ...rest] = path === DATABASE ? ['data', DATABASE] : path.split('/');
  const place = places.find((one) => one.name === name);
  if (place === undefined || rest.length === 0)
    throw new OperatorError(`the backup has ${path}, which belongs nowhere`);
  return { target: join(place.folder, ...rest), stage: join(place.folder, STAGE) };
}

function isDatabase(target: string, data: string): boolean {
  return target === join(data, DATABASE);
}

function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  renameSync(from, to);
}
