import { join, resolve } from 'node:path';
import type { Config } from '../../app/config.ts';

/** A folder of the platform, and the folder of a backup that holds what was in it. */
export interface Place {
  name: 'data' | 'files' | 'recordings';
  folder: string;
}

/** The database goes its own way, as one consistent copy. */
export const DATABASE = 'kaibo.db';

/** Of one process, made anew, or half written. */
const LEFT_OUT =
  /^(?:kaibo\.db(?:-wal|-shm|-journal)?|kaibo\.lock(?:-journal)?|kaibo\.pid|\.doctor-\d+|before-restore-.*|\.restoring|.*\.new)$/;
/** What is being written; nothing under it was ever promised to anybody. */
const UNFINISHED = '.unfinished';

/** Where the platform keeps what a backup is of. Recordings and files may be elsewhere than in `dataDir`. */
export function placesOf({ dataDir, files, recording }: Config): Place[] {
  const data = resolve(dataDir);
  return [
    { name: 'data', folder: data },
    { name: 'files', folder: resolve(files.folder ?? join(data, 'files')) },
    { name: 'recordings', folder: resolve(recording.folder ?? join(data, 'recordings')) },
  ];
}

/** Whether an entry of a place belongs to its backup. */
export function isKept({ name: place, folder }: Place, path: string, places: readonly Place[]): boolean {
  if (place === 'data' && LEFT_OUT.test(path)) return false;
  // What lies in dataDir but has a name of its own in the backup.
  const full = join(folder, path);
  return path !== UNFINISHED && !places.some((other) => other.name !== place && other.folder === full);
}
