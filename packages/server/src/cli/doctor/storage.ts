import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, reason, warn, type Check, type Finding } from './check.ts';

const MIB = 1024 * 1024;
const SPACE_FAIL_MIB = 200;
const SPACE_WARN_MIB = 2048;
const PROBE_MIB = 16;
const SLOW_MIB_PER_S = 20;
/** Of one small durable write, as every change of a room is. */
const SLOW_SYNC_MS = 50;
const OTHERS = 0o077;
/** Of dataDir: keys, the set-up token and the database, which holds the keys of streams. */
const SECRET_FILES = /token|\.key$|\.db(-wal)?$/;

/** Room and speed where everything is kept. */
export const checkDisk: Check = async ({ folder }) => {
  const place = nearest(folder);
  try {
    accessSync(place, constants.W_OK);
  } catch {
    return [fail('disk', `${place} may not be written by this user`, `chown it to this user, or set --dataDir`)];
  }
  const { bavail, bsize } = await statfs(place);
  return [judgeSpace(folder, (bavail * bsize) / MIB), ...(existsSync(folder) ? [measure(folder)] : [])];
};

/** The folder, or the one above in which it will be made. */
function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}

function judgeSpace(folder: string, freeMib: number): Finding {
  const found = `${freeMib >= 10_240 ? `${Math.floor(freeMib / 1024)} GiB` : `${Math.floor(freeMib)} MiB`} free for ${folder}`;
  if (freeMib >= SPACE_WARN_MIB) return ok('disk', found);
  return (freeMib < SPACE_FAIL_MIB ? fail : warn)('disk', found, 'free some, or set --dataDir to a larger disk');
}

function measure(folder: string): Finding {
  const file = join(folder, `.doctor-${process.pid}`);
  const block = randomBytes(MIB);
  try {
    const handle = openSync(file, 'wx', 0o600);
    try {
      const startedAt = performance.now();
      for (let written = 0; written < PROBE_MIB; written++) writeSync(handle, block);
      fsyncSync(handle);
      const speed = PROBE_MIB / ((performance.now() - startedAt) / 1000);
      const syncStartedAt = performance.now();
      writeSync(handle, block, 0, 4096);
      fsyncSync(handle);
      return judgeSpeed(speed, performance.now() - syncStartedAt);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return fail('disk speed', reason(error), 'free some space, or chown dataDir to this user');
  } finally {
    rmSync(file, { force: true });
  }
}

function judgeSpeed(mibPerSecond: number, syncMs: number): Finding {
  const found = `${Math.round(mibPerSecond)} MiB/s, ${syncMs.toFixed(1)} ms for a durable write`;
  if (mibPerSecond >= SLOW_MIB_PER_S && syncMs < SLOW_SYNC_MS) return ok('disk speed', found);
  return warn('disk speed', found, 'put dataDir on a faster disk (SSD), not on a network share');
}

/** What is secret is its owner's only. */
export const checkSecrets: Check = async ({ folder, config }) => {
  const files = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && SECRET_FILES.test(entry.name))
    : [];
  const paths = [...(existsSync(folder) ? [folder] : []), ...files.map(({ name }) => join(folder, name))];
  if (config.tls.key !== undefined && existsSync(config.tls.key)) paths.push(config.tls.key);
  const open = paths.filter((path) => (statSync(path).mode & OTHERS) !== 0);
  if (open.length === 0) return [ok('secrets', "their owner's only")];
  return open.map((path) => {
    const mode = (statSync(path).mode & 0o777).toString(8);
    return warn('secrets', `${path} can be read by others (mode ${mode})`, `chmod go-rwx ${path}`);
  });
};
