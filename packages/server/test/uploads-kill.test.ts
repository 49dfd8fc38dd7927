import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { request, tempFolder } from './harness.ts';
import { PASSWORD, personOf } from './support/accounts.ts';
import { makeClip } from './support/clip.ts';
import { TusClient } from './support/tus.ts';

const LAUNCHER = join(import.meta.dirname, '../bin/kaibo.mjs');
const FREE_PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
  (name) => `--${name}.port=0`,
);
const SLOW = { timeout: 90_000, interval: 100 };

async function start(dataDir: string): Promise<{ child: ChildProcess; base: string }> {
  const flags = ['--media.workers=1', '--log.format=json', '--files.minFreeBytes=0', '--limits.eventLoopDelayMs=60000'];
  const child = spawn(process.execPath, [LAUNCHER, 'start', `--dataDir=${dataDir}`, ...flags, ...FREE_PORTS]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, SLOW).toContain('"msg":"ready"');
  const port = /"http":(\d+)/.exec(output)?.[1];
  return { child, base: `http://localhost:${port}` };
}

async function kill({ child }: { child: ChildProcess }): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

test('a process that is killed in the middle of an upload, and of what follows, costs nothing but time', async () => {
  const clip = makeClip(5, 'webm');
  const dataDir = join(tempFolder(), 'data');
  let kaibo = await start(dataDir);
  const account = { username: 'ada', password: PASSWORD };
  const { headers } = personOf(await request(`${kaibo.base}/api/auth/register`, { method: 'POST', body: account }));
  let tus = new TusClient(kaibo.base, headers);
  const id = await tus.must(clip.length, 'trip.webm');
  const never = new Promise<void>(() => undefined);
  const cut = tus.cut(id, { bytes: clip.subarray(0, 30_000), length: clip.length, gone: never });
  await expect.poll(() => tus.offset(id), SLOW).toBe(30_000);
  await kill(kaibo);
  await cut;

  kaibo = await start(dataDir);
  tus = new TusClient(kaibo.base, headers);
  expect(await tus.offset(id)).toBe(30_000);
  expect((await tus.patch(id, clip.subarray(30_000), 30_000)).status).toBe(204);
  // While it is being converted, or before.
  await kill(kaibo);

  kaibo = await start(dataDir);
  const file = async () => (await request(`${kaibo.base}/api/files/${id}`, { headers })).body;
  await expect.poll(async () => (await file())['state'], SLOW).toBe('ready');
  expect(await file()).toMatchObject({ title: 'trip', durationMs: 5000 });
  const playlist = await request(`${kaibo.base}/replay/${id}/index.m3u8`, { headers });
  expect(playlist.text).toContain('#EXT-X-ENDLIST');
}, 240_000);
