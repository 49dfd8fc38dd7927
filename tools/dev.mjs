// `npm run dev`: the server, restarted when its sources change, and Vite with hot reload; Ctrl-C ends both.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const watched = ['packages/server/src', 'packages/media/src', 'packages/formats/src'];
const children = new Set();
let isStopping = false;

function start(name, args, cwd) {
  // In a process group of its own: Ctrl-C reaches this process only, which ends both.
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  children.add(child);
  child.on('exit', (code, signal) => {
    children.delete(child);
    if (!isStopping) {
      console.error(`dev: ${name} ended (${signal ?? code})`);
      stop(1);
    }
  });
}

function stop(code) {
  if (isStopping) return;
  isStopping = true;
  process.exitCode = code;
  for (const child of children) child.kill('SIGTERM');
  // The server has 5 s to say goodbye to its publishers and viewers.
  setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, 6000).unref();
}

process.on('SIGINT', () => stop(0));
process.on('SIGTERM', () => stop(0));

const flags = process.argv.slice(2);
start(
  'server',
  [
    '--watch',
    '--watch-preserve-output',
    ...watched.map((path) => `--watch-path=${join(root, path)}`),
    'packages/server/bin/kaibo.mjs',
    'start',
    ...flags,
  ],
  root,
);
start('vite', [join(root, 'node_modules/vite/bin/vite.js'), '--clearScreen', 'false'], join(root, 'packages/web'));
