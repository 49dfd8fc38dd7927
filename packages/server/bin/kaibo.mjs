#!/usr/bin/env node
// A plain launcher that any Node can read: it only says what is missing, or starts the TypeScript source.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Kaibo needs Node 22.18 or newer and this is ${process.versions.node}.\n` +
      'Run it by "npm start", which brings its own Node 24, or install Node 24 from https://nodejs.org.',
  );
  process.exit(1);
}
// Compiled code of earlier starts makes this one about twice as fast.
const { enableCompileCache } = await import('node:module');
enableCompileCache((await import('node:path')).join(import.meta.dirname, '../../../node_modules/.cache/kaibo'));
const { main } = await import('../src/cli/main.ts');
await main(process.argv.slice(2));
