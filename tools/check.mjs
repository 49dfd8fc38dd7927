// `npm run check`: every check, two at a time, one line each; the output of those that fail below.
// usage: node tools/check.mjs [name …]
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const MAX_LINES = 500;
const SOURCES = '{packages,test,bench,tools}/**/*.{ts,mjs,vue,css}';
const LINTED = ['packages', 'test', 'bench', 'tools', 'vitest.config.ts'];

const script = (path) => join(root, 'node_modules', path);

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

function sourceFiles(pattern) {
  return globSync(pattern, { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist|data)$/.test(path) });
}

/** Style rule 1: a file of more than 500 lines is two files. */
function checkLength() {
  const long = sourceFiles(SOURCES)
    .map((path) => [path, readFileSync(join(root, path), 'utf8').split('\n').length - 1])
    .filter(([, lines]) => lines > MAX_LINES);
  return {
    ok: long.length === 0,
    output: long.map(([path, lines]) => `${path}: ${lines} lines, at most ${MAX_LINES}`).join('\n'),
  };
}

/** Dependencies are pinned exactly, and to one version over all workspaces. */
function checkPins() {
  const problems = [];
  const seen = new Map();
  for (const path of ['package.json', ...globSync('packages/*/package.json', { cwd: root })]) {
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8'));
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
      for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
          problems.push(`${path}: ${name} is "${version}", not an exact version`);
        const other = seen.get(name);
        if (other && other.version !== version)
          problems.push(`${path}: ${name} ${version}, but ${other.version} in ${other.path}`);
        seen.set(name, { version, path });
      }
    }
  }
  return { ok: problems.length === 0, output: problems.join('\n') };
}

const typecheck = (project, tool = 'typescript/bin/tsc') => {
  const path = project.endsWith('.json') ? project : `${project}/tsconfig.json`;
  if (!existsSync(join(root, path))) return undefined;
  return () => run([script(tool), '-p', path, '--noEmit']);
};

const checks = {
  pins: checkPins,
  lines: checkLength,
  'types:formats': typecheck('packages/formats'),
  types: typecheck('tsconfig.json'),
  'types:client': typecheck('packages/client'),
  'types:web': typecheck('packages/web', 'vue-tsc/bin/vue-tsc.js'),
  lint: () =>
    run([
      script('oxlint/bin/oxlint'),
      '--type-aware',
      '--deny-warnings',
      '-f',
      'unix',
      ...LINTED.filter((path) => existsSync(join(root, path))),
    ]),
  format: () => run([script('oxfmt/bin/oxfmt'), '--check', '.']),
  imports: () =>
    run([
      script('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'err',
      'packages',
    ]),
  knip: () => run([script('knip/bin/knip.js'), '--no-progress', '--treat-config-hints-as-errors']),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}
const queue = Object.entries(checks).filter(([name, check]) => check && (wanted.length === 0 || wanted.includes(name)));
const failed = [];

async function worker() {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, check] = next;
    const startedAt = performance.now();
    const { ok, output } = await check();
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(14)} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    if (!ok) failed.push([name, output]);
  }
}

await Promise.all([worker(), worker()]);
for (const [name, output] of failed) console.log(`\n── ${name} ──\n${output.trim()}`);
if (failed.length > 0)
  console.log(`\n${failed.length} of the checks failed: ${failed.map(([name]) => name).join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
