import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const PLACE = "const VERSION = 'dev';";

/** Writes into `sw.js` which app it belongs to, so that browsers take up another one when the app is another one. */
export function appVersion(): Plugin {
  return {
    name: 'kaibo:app-version',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      const path = join(dir, 'sw.js');
      const worker = readFileSync(path, 'utf8');
      if (!worker.includes(PLACE)) throw new Error(`public/sw.js has no "${PLACE}"`);
      const kept = ['offline.html', 'offline.js'].map((name) => readFileSync(join(dir, name), 'utf8'));
      const version = createHash('sha256')
        .update(JSON.stringify([Object.keys(bundle).sort(), kept]))
        .digest('hex')
        .slice(0, 12);
      writeFileSync(path, worker.replace(PLACE, `const VERSION = '${version}';`));
    },
  };
}
