import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../src/app/config.ts';
import type { Recording } from '../src/modules/recording/contract.ts';
import { keyOf, owner, startTest, tempFolder } from './harness.ts';
import { startS3Server, type S3Server } from './support/s3-server.ts';

const FAST = { timeout: 20_000, interval: 50 };

async function startWithBucket(s3: S3Server, more: Partial<Config['s3']> = {}) {
  const dataDir = tempFolder();
  let nowMs = Date.now();
  const kaibo = await startTest({
    dataDir,
    now: () => nowMs,
    change: (config) => {
      Object.assign(config.s3, s3.config, more);
      config.recording.publish = true;
    },
  });
  const room = await kaibo.create({ title: '回放', recording: 'always' });
  const mine = owner(room);
  const list = async () =>
    JSON.parse((await kaibo.call(`/api/rooms/${room.id}/recordings`, { headers: mine })).text) as Recording[];
  const begin = async (): Promise<string> => {
    await kaibo.engine.publish(room.playId, keyOf(room));
    await expect.poll(() => kaibo.engine.recorder.running.size, FAST).toBe(1);
    return [...kaibo.engine.recorder.running.keys()][0] ?? '';
  };
  const end = async (): Promise<void> => {
    kaibo.engine.finish(room.playId);
    await expect.poll(async () => (await list())[0]?.state, FAST).toBe('ready');
  };
  const local = (id: string): string[] => {
    const path = join(dataDir, 'recordings', id);
    return existsSync(path) ? readdirSync(path) : [];
  };
  return { ...kaibo, room, mine, list, begin, end, local, wait: (ms: number) => void (nowMs += ms) };
}

/** Keys of what is in the bucket. */
const objects = ({ folder }: S3Server): string[] =>
  readdirSync(join(folder, 'videos'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('_object'))
    .map((name) => name.slice(0, -'._S3rver_object'.length))
    .toSorted();

test('files are moved to the bucket as they are closed, played from there by signed addresses, and deleted there', async () => {
  const s3 = await startS3Server();
  const kaibo = await startWithBucket(s3);
  const id = await kaibo.begin();
  kaibo.engine.recorder.closeFile(id);
  await expect.poll(() => objects(s3), FAST).toEqual([`recordings/${id}/001.mp4`, `recordings/${id}/poster.jpg`]);
  await expect.poll(() => kaibo.local(id), FAST).toEqual([]);
  await kaibo.end();
  const [recording] = await kaibo.list();
  expect(recording).toMatchObject({ durationMs: 20_000, parts: [{ n: 1 }, { n: 2 }] });
  await expect.poll(() => kaibo.local(id), FAST).toEqual([]);
  expect((await kaibo.call(`/replay/${id}/index.m3u8`)).text.match(/EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
  const redirect = await fetch(`${kaibo.base}/replay/${id}/1.mp4`, {
    redirect: 'manual',
    headers: { range: 'bytes=4-7' },
  });
  const location = redirect.headers.get('location') ?? '';
  expect([redirect.status, redirect.headers.get('cache-control')]).toEqual([302, 'private, no-store']);
  const part = await fetch(location, { headers: { range: 'bytes=4-7' } });
  expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
  const download = await fetch(`${kaibo.base}/api/recordings/${id}/parts/2`);
  expect(download.headers.get('content-disposition')).toContain("filename*=UTF-8''%E5%9B%9E%E6%94%BE");
  expect((await download.arrayBuffer()).byteLength).toBe(recording?.parts[1]?.sizeBytes);
  expect((await fetch(`${kaibo.base}/api/recordings/${id}/poster`)).status).toBe(200);
  const log = kaibo.log.join('');
  expect(log).not.toContain(s3.config.secretAccessKey);
  expect(log).not.toContain('X-Amz-Signature=');
  expect((await kaibo.call(`/api/recordings/${id}`, { method: 'DELETE', headers: kaibo.mine })).status).toBe(200);
  await expect.poll(() => objects(s3), FAST).toEqual([]);
});

test('a bucket that is away is waited for, and nothing is lost', async () => {
  const s3 = await startS3Server();
  const kaibo = await startWithBucket(s3, { redirect: false, bucket: 'nowhere' });
  const id = await kaibo.begin();
  kaibo.engine.recorder.closeFile(id);
  const waits = () => kaibo.log.join('').includes('a file waits to be finished');
  await expect.poll(waits, FAST).toBe(true);
  expect(kaibo.local(id)).toContain('001.mp4');
  expect(kaibo.log.join('')).not.toContain(s3.config.secretAccessKey);
  kaibo.engine.finish(kaibo.room.playId);
  await expect.poll(async () => (await kaibo.list())[0]?.state, FAST).toBe('processing');
  mkdirSync(join(s3.folder, 'nowhere'));
  // What failed is tried again within five minutes.
  kaibo.wait(300_000);
  await expect.poll(async () => (await kaibo.list())[0]?.state, FAST).toBe('ready');
  await expect.poll(() => kaibo.local(id), FAST).toEqual([]);
  expect(
    readdirSync(join(s3.folder, 'nowhere/recordings', id)).filter((name) => name.endsWith('_object')),
  ).toHaveLength(3);
});

test('what is streamed through from the bucket has ranges too', async () => {
  const s3 = await startS3Server();
  const kaibo = await startWithBucket(s3, { redirect: false, prefix: '' });
  const id = await kaibo.begin();
  await kaibo.end();
  expect(objects(s3)).toEqual([`${id}/001.mp4`, `${id}/poster.jpg`]);
  const { sizeBytes } = (await kaibo.list())[0] ?? { sizeBytes: 0 };
  const range = await kaibo.call(`/replay/${id}/1.mp4`, { headers: { range: 'bytes=4-7' } });
  expect([range.status, range.headers.get('content-range'), range.text]).toEqual([
    206,
    `bytes 4-7/${sizeBytes}`,
    'ftyp',
  ]);
  const whole = await fetch(`${kaibo.base}/api/recordings/${id}/parts/1`);
  expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, sizeBytes]);
  expect((await kaibo.call(`/api/recordings/${id}/poster`)).status).toBe(200);
});
