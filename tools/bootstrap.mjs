// Behind npm's pre-scripts: makes one command enough. Installs what is missing, builds the web app when its sources
// changed, and is done in well under half a second when nothing did. Runs on plain Node 20, without dependencies.
// usage: node tools/bootstrap.mjs start|dev|test|bench
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const mode = process.argv[2] ?? 'start';
const MIN_NODE = [22, 18];

/** What Debian has to add: the package, and a file or program by which its presence is seen. */
const DEBIAN_FOR_TESTS = [
  ['ffmpeg', 'ffmpeg'],
  ['chromium', 'chromium'],
  ['chromium-headless-shell', 'chromium-headless-shell'],
  ['fonts-noto-cjk', '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc'],
  ['rtmpdump', 'rtmpdump'],
  ['curl', 'curl'],
  ['openssl', 'openssl'],
  ['unzip', 'unzip'],
  ['gstreamer1.0-tools', 'gst-launch-1.0'],
  ['gstreamer1.0-plugins-base', '/usr/lib/*/gstreamer-1.0/libgstplayback.so'],
  ['gstreamer1.0-plugins-good', '/usr/lib/*/gstreamer-1.0/libgstflv.so'],
  ['gstreamer1.0-plugins-bad', '/usr/lib/*/gstreamer-1.0/libgstrtmp2.so'],
  ['gstreamer1.0-libav', '/usr/lib/*/gstreamer-1.0/libgstlibav.so'],
  ['redis-server', 'redis-server'],
  ['postgresql', '/usr/lib/postgresql/*/bin/postgres'],
  ['coturn', 'turnserver'],
  ['nginx-light', '/usr/sbin/nginx'],
  ['libnginx-mod-stream', '/usr/lib/nginx/modules/ngx_stream_module.so'],
  ['caddy', 'caddy'],
  ['haproxy', '/usr/sbin/haproxy'],
  ['docker-compose', 'docker-compose'],
  ['kubernetes-client', 'kubectl'],
  ['systemd', 'systemd-analyze'],
  ['rclone', 'rclone'],
  ['prometheus', 'promtool'],
  ['prometheus-alertmanager', 'amtool'],
];
const DEBIAN_FOR_BENCH = [
  ['ffmpeg', 'ffmpeg'],
  ['nginx', '/usr/sbin/nginx'],
  ['libnginx-mod-rtmp', '/usr/lib/nginx/modules/ngx_rtmp_module.so'],
];

const say = (text) => process.stderr.write(`kaibo: ${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** True when node_modules holds exactly what package-lock.json asks for (npm records it in a hidden lock file). */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const present = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!wanted) fail('package-lock.json is missing or broken; get it back with `git checkout package-lock.json`');
  if (!present) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const have = present[path];
    if (have ? have.version !== entry.version : !entry.optional && !entry.devOptional && !entry.peer) return false;
  }
  for (const path of Object.keys(present)) if (!wanted[path]) return false;
  return existsSync(join(root, 'node_modules/vitest/package.json'));
}

/** npm itself must run on a Node outside node_modules, because `npm ci` deletes that folder. */
function npm(args) {
  const cli = process.env.npm_execpath;
  const node = process.env.npm_node_execpath;
  const usable = cli && /\.c?js$/.test(cli) && node && !node.startsWith(join(root, 'node_modules')) && existsSync(node);
  const [command, prefix] = usable ? [node, [cli]] : ['npm', []];
  return spawnSync(command, [...prefix, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: !usable && process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
}

function install() {
  if (isInstalled()) return;
  const startedAt = Date.now();
  say('installing npm packages (npm ci) …');
  const result = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (result.status !== 0) fail(`npm ci failed:\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`);
  say(`npm packages installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** The Node that runs Kaibo: the pinned one in node_modules, else this process's own when new enough. */
function runtime() {
  const pinned = join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(pinned) && process.platform !== 'win32') return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
    fail(
      `no pinned Node for ${process.platform}-${process.arch}: please install Node ${MIN_NODE.join('.')} or newer (this is ${process.version})`,
    );
  }
  return process.execPath;
}

function* filesBelow(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.endsWith('.test.ts')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function buildWeb() {
  const web = join(root, 'packages/web');
  if (!existsSync(join(web, 'index.html'))) return;
  const hash = createHash('sha256');
  for (const folder of ['packages/web', 'packages/client', 'packages/formats/src']) {
    for (const path of filesBelow(join(root, folder)))
      hash.update(relative(root, path)).update('\0').update(readFileSync(path));
  }
  hash.update(readFileSync(join(root, 'package-lock.json')));
  const digest = hash.digest('hex');
  const stamp = join(web, 'dist/.stamp');
  if (existsSync(stamp) && existsSync(join(web, 'dist/index.html')) && readFileSync(stamp, 'utf8') === digest) return;
  const startedAt = Date.now();
  say('building the web app …');
  const result = spawnSync(runtime(), [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
    cwd: web,
    encoding: 'utf8',
  });
  if (result.status !== 0)
    fail(`the web app did not build:\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  say(`web app built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** A path with at most one `*` folder. */
function existsGlob(pattern) {
  const [before, after] = pattern.split('*');
  if (after === undefined) return existsSync(pattern);
  if (!existsSync(before)) return false;
  return readdirSync(before).some((name) => existsSync(before + name + after));
}

function canWrite(path) {
  try {
    accessSync(path);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function apt(args) {
  // Somebody else's installation is waited for.
  return spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Installed services (redis, postgresql, nginx) must not start by themselves: Debian asks this file first. */
function withoutServices(action) {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return action();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

function installDebian(list) {
  if (process.platform !== 'linux') return;
  const missing = list
    .filter(([, sign]) => !(sign.startsWith('/') ? existsGlob(sign) : onPath(sign)))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !onPath('apt-get') || !canWrite('/usr/sbin')) {
    say(`missing programs; what needs them will say so. On Debian or Ubuntu: sudo ${line}`);
    return;
  }
  say(`installing Debian packages: ${missing.join(' ')} …`);
  const result = withoutServices(() => {
    apt(['update', '-q']);
    return apt(['install', '-y', '-q', '--no-install-recommends', ...missing]);
  });
  if (result.status !== 0)
    say(`\`${line}\` failed; what needs them will say so:\n${(result.stderr ?? '').slice(-2000)}`);
}

if (!['start', 'dev', 'test', 'bench'].includes(mode)) fail(`unknown mode ${mode}: start, dev, test or bench`);
install();
runtime();
if (mode === 'start' || mode === 'test') buildWeb();
if (mode === 'test') installDebian(DEBIAN_FOR_TESTS);
if (mode === 'bench') installDebian(DEBIAN_FOR_BENCH);
