import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './harness.ts';

const LAUNCHER = join(import.meta.dirname, '../bin/kaibo.mjs');
const FREE_PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
  (name) => `--${name}.port=0`,
);

interface Run {
  process: ChildProcess;
  output(): string;
  exit: Promise<number | null>;
}

function run(args: readonly string[], cwd = tempFolder()): Run {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env: { PATH: process.env['PATH'] } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { process: child, output: () => output, exit: once(child, 'close').then(([code]) => code as number | null) };
}

async function start(dataDir: string, ...flags: string[]): Promise<Run> {
  const started = run([
    'start',
    `--dataDir=${dataDir}`,
    '--media.workers=1',
    '--log.format=json',
    ...FREE_PORTS,
    ...flags,
  ]);
  await expect.poll(started.output, { timeout: 15_000 }).toContain('"msg":"ready"');
  return started;
}

test('a data folder serves one process; it is free again however that one ended', async () => {
  const dataDir = join(tempFolder(), 'data');
  const first = await start(dataDir);
  const second = run(['start', `--dataDir=${dataDir}`, ...FREE_PORTS]);
  expect(await second.exit).toBe(1);
  expect(second.output()).toBe(`kaibo: dataDir ${dataDir} is in use by another Kaibo (process ${first.process.pid})\n`);
  expect(statSync(join(dataDir, 'signing.key')).mode & 0o777).toBe(0o600);
  first.process.kill('SIGKILL');
  await first.exit;
  // A pid file that names a living process says nothing: only the lock counts.
  writeFileSync(join(dataDir, 'kaibo.pid'), `${process.pid}\n`);
  const third = await start(dataDir);
  expect(readFileSync(join(dataDir, 'kaibo.pid'), 'utf8')).toBe(`${third.process.pid}\n`);
  const stoppedAtMs = Date.now();
  third.process.kill('SIGTERM');
  expect(await third.exit).toBe(0);
  expect(Date.now() - stoppedAtMs).toBeLessThan(5000);
});

test.each(['http.port', 'metrics.port'])('%s in use is one line that names it', async (key) => {
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const refused = run([
    'start',
    '--media.workers=1',
    ...FREE_PORTS.filter((flag) => !flag.includes(`-${key}`)),
    `--${key}=${port}`,
  ]);
  expect(await refused.exit).toBe(1);
  expect(refused.output()).toBe(`kaibo: port ${port} (${key}) is in use; stop what uses it or set --${key}\n`);
});

test('a name for WebRTC that leads nowhere is one line that names the key', async () => {
  const refused = run(['start', '--media.workers=1', ...FREE_PORTS, '--media.rtc.candidates=kaibo.invalid']);
  expect(await refused.exit).toBe(1);
  expect(refused.output()).toMatch(/^kaibo: media\.rtc\.candidates: kaibo\.invalid does not resolve \(\w+\)\n$/);
});

test('configuration mistakes are lines without a stack trace', async () => {
  const cwd = tempFolder();
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'kaibo.yaml'), 'htpp:\n  port: 1\nhost: 5\n');
  const check = run(['config', 'check', '--access=nobody'], cwd);
  expect(await check.exit).toBe(1);
  expect(check.output().trimEnd().split('\n')).toEqual([
    'kaibo.yaml:1:1 htpp: unknown key, did you mean http?',
    expect.stringMatching(/^kaibo\.yaml:3:7 host: /),
    expect.stringMatching(/^--access: /),
  ]);
});

test.each([
  [['--version'], /^\d+\.\d+\.\d+\n$/, 0],
  [['--help'], /--media\.graceMs \[30000\]/, 0],
  [['config', 'check'], /fine/, 0],
  [['dance'], /unknown command "dance"/, 1],
])('kaibo %s', async (args, output, code) => {
  const ran = run(args);
  expect(await ran.exit).toBe(code);
  expect(ran.output()).toMatch(output);
});
