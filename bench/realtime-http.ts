// Logins and lists by the whole platform, beside a bare Fastify route in a process of its own.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { fastify } from 'fastify';
import { freePort, isPortOpen } from '../test/support/ports.ts';
import { sampleProcesses } from './process-sample.ts';

export interface HttpResult {
  name: string;
  requestsPerCpuSecond: number;
  latencyP50Ms: number;
  latencyP99Ms: number;
  failed: number;
}

const ACCOUNT = { username: 'bench', password: 'correct horse battery staple' };
const ROOMS = 20;
const START_MS = 20_000;
const GENEROUS = ['login', 'write', 'read'].map((name) => `--limits.${name}PerMinute=1000000000`);

interface Target {
  name: string;
  url: string;
  pid: number;
  request?: { method: 'POST'; body: string; headers: Record<string, string> };
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${url} answered ${answer.status} ${await answer.text()}`);
}

async function load({ name, url, pid, request }: Target, seconds: number): Promise<HttpResult> {
  await autocannon({ url, ...request, connections: 10, duration: 1 });
  const before = sampleProcesses(pid).cpuSeconds;
  const result = await autocannon({ url, ...request, connections: 10, duration: seconds });
  const cpuSeconds = sampleProcesses(pid).cpuSeconds - before;
  return {
    name,
    requestsPerCpuSecond: result['2xx'] / cpuSeconds,
    latencyP50Ms: result.latency.p50,
    latencyP99Ms: result.latency.p99,
    failed: result.non2xx + result.errors,
  };
}

async function startPlatform(folder: string): Promise<{ child: ChildProcess; base: string }> {
  const port = await freePort();
  const free = ['https', 'metrics', 'media.rtmp', 'media.http', 'media.https', 'media.api', 'media.rtc'];
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../packages/server/bin/kaibo.mjs'),
      'start',
      '--host=127.0.0.1',
      `--dataDir=${folder}`,
      `--http.port=${port}`,
      '--access=open',
      '--log.level=error',
      '--media.workers=1',
      ...free.map((key) => `--${key}.port=0`),
      ...GENEROUS,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (const deadline = Date.now() + START_MS; !(await isPortOpen(port)); await sleep(50))
    if (Date.now() > deadline || child.exitCode !== null) throw new Error('the platform did not start');
  return { child, base: `http://127.0.0.1:${port}` };
}

/** In CPU seconds of each server's whole process tree. */
export async function measureHttp(seconds: number): Promise<HttpResult[]> {
  const folder = mkdtempSync(join(os.tmpdir(), 'kaibo-bench-data-'));
  const { child, base } = await startPlatform(folder);
  const bare = fork(import.meta.filename);
  try {
    await post(`${base}/api/auth/register`, ACCOUNT);
    for (let n = 0; n < ROOMS; n++) await post(`${base}/api/rooms`, { title: `房间 ${n}` });
    const port = await new Promise<number>((resolve) => bare.once('message', resolve as (message: unknown) => void));
    if (child.pid === undefined || bare.pid === undefined) throw new Error('a server has no process id');
    const login = {
      method: 'POST',
      body: JSON.stringify(ACCOUNT),
      headers: { 'content-type': 'application/json' },
    } as const;
    const platform = { pid: child.pid };
    return [
      await load({ name: 'bare Fastify route', url: `http://127.0.0.1:${port}/`, pid: bare.pid }, seconds),
      await load({ ...platform, name: `GET /api/rooms (${ROOMS} rooms)`, url: `${base}/api/rooms` }, seconds),
      await load({ ...platform, name: 'POST /api/auth/login', url: `${base}/api/auth/login`, request: login }, seconds),
    ];
  } finally {
    bare.kill();
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const app = fastify();
  app.get('/', async () => ({ ok: true }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  process.on('disconnect', () => process.exit());
  process.send?.((app.server.address() as AddressInfo).port);
}
