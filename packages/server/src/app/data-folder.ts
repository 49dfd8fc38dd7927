import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OperatorError } from './operator-error.ts';

const KEY_BYTES = 32;
const SIGNING_FILE = 'signing.key';
const PLACE_FILE = 'node.id';

/** Makes the folder if need be; returns its absolute path. */
export function makeDataFolder(dataDir: string): string {
  const folder = resolve(dataDir);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new OperatorError(`dataDir ${folder} cannot be made (${reason})`, { cause: error });
  }
  return folder;
}

/** The key of play tokens and viewer ids: made at the first start, kept for the owner's eyes only. */
export function loadSigningKey(folder: string): Buffer {
  const file = join(folder, SIGNING_FILE);
  if (!existsSync(file)) {
    const fresh = `${file}.new`;
    writeFileSync(fresh, randomBytes(KEY_BYTES), { mode: 0o600 });
    renameSync(fresh, file);
  }
  return readKey(file);
}

/** The same key, if there is one already. */
export function readSigningKey(folder: string): Buffer | undefined {
  const file = join(folder, SIGNING_FILE);
  return existsSync(file) ? readKey(file) : undefined;
}

/** What this node is called over restarts: nobody else has this folder. */
export function loadPlaceId(folder: string): string {
  const file = join(folder, PLACE_FILE);
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^[\w-]{1,64}$/.test(known)) return known;
  const made = randomUUID();
  writeFileSync(`${file}.new`, `${made}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return made;
}

function readKey(file: string): Buffer {
  const key = readFileSync(file);
  if (key.length !== KEY_BYTES)
    throw new OperatorError(`${file} is not a key of ${KEY_BYTES} bytes; remove it to have a new one made`);
  return key;
}
