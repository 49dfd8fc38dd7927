// Where tests write: in memory where there is plenty of it, for a disk takes milliseconds to be sure of each commit, and only processes
// are killed in tests, never the machine. A setup of vitest's; programs that tests start inherit it.
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 8 * 1024 ** 3;

/** What is left in it goes at the end. */
export function setup(): () => void {
  const folder = mkdtempSync(join(freeBytes() < ENOUGH_BYTES ? tmpdir() : MEMORY, 'kaibo-tests-'));
  // PostgreSQL has a user of its own, who has to pass.
  chmodSync(folder, 0o711);
  const { TMPDIR: before } = process.env;
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    // Programs that end with the processes of tests may still be at it.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
