#!/usr/bin/env node
// A plain launcher: the source is TypeScript, which Node 22.18 and newer run natively. The compile cache keeps the
// stripped source between runs: without it every thread loads the compiler, about 30 MB each.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `kaibo-media needs Node 22.18 or newer; this is ${process.versions.node}. Run it by npm, which brings its own.`,
  );
  process.exit(1);
}
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/kaibo'));
await import('../src/cli.ts');
