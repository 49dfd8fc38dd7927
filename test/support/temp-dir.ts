import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

/** A new folder, gone at the end of the `using` block. */
export function tempDir(): { path: string; file(name: string): string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(os.tmpdir(), 'kaibo-test-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
