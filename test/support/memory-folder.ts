// Where tests write: in memory where there is plenty of it, for a disk takes milliseconds to be sure of each commit, and only processes
// are killed in tests, never the machine. A setup of vitest's; programs that tests start inherit it.
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 8 * 1024 ** 3;
const TRIES = 40;
const TRY_EVERY_MS = 250;

/** What is left in it goes at the end. */
export function setup(): () => Promise<void> {
  const folder = mkdtempSync(join(freeBytes() < ENOUGH_BYTES ? tmpdir() : MEMORY, 'kaibo-tests-'));
  // PostgreSQL has a user of its own, who has to pass.
  chmodSync(folder, 0o711);
  const { TMPDIR: before } = process.env;
  process.env['TMPDIR'] = folder;
  return async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await remove(folder);
  };
}

/** Programs that end with the processes of tests may still be at it. */
async function remove(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(TRY_EVERY_MS);
    }
  }
}

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
