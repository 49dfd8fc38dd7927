import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { RedisCluster, RedisServer } from '../../../test/support/redis-server.ts';
import { stateCenterSuite } from '../contract.suite.ts';
import { RedisStateCenter } from './index.ts';

let server: RedisServer;
let cluster: RedisCluster;

beforeAll(async () => {
  [server, cluster] = await Promise.all([RedisServer.start(), RedisCluster.start()]);
});
afterAll(async () => {
  await Promise.all([server[Symbol.asyncDispose](), cluster[Symbol.asyncDispose]()]);
});

const connect = (url: string | string[], options: { historySize?: number; prefix?: string } = {}) =>
  RedisStateCenter.connect({
    url,
    prefix: randomUUID(),
    historySize: 100,
    logger: pino({ level: 'silent' }),
    ...options,
  });

stateCenterSuite('redis', (options) => connect(server.url, options));
stateCenterSuite('redis cluster', (options) => connect(cluster.url, options));

test('what is given up by closing is free for others', async () => {
  const prefix = randomUUID();
  const [one, other] = await Promise.all([connect(server.url, { prefix }), connect(server.url, { prefix })]);
  onTestFinished(() => other.close());
  await one.enter('a', 'x');
  await other.enter('a', 'x');
  await one.enter('a', 'y');
  await one.lease('a');
  expect(await other.lease('a')).toBeUndefined();
  expect((await other.counts(['a'])).get('a')?.count).toBe(2);
  await one.close();
  expect((await other.counts(['a'])).get('a')).toEqual({ count: 1, peak: 2 });
  expect((await other.lease('a'))?.isHeld).toBe(true);
});

test('a node that was held up takes its own lease again, and whoever forgot the one before keeps nobody out', async () => {
  const prefix = randomUUID();
  const [one, other] = await Promise.all([connect(server.url, { prefix }), connect(server.url, { prefix })]);
  onTestFinished(() => Promise.all([one.close(), other.close()]).then(() => undefined));
  const before = await one.lease('a');
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
  expect(before?.isHeld).toBe(false);
  const again = await one.lease('a');
  clock.mockRestore();
  expect([before?.isHeld, again?.isHeld]).toEqual([false, true]);
  expect(await other.lease('a')).toBeUndefined();
  await again?.release();
  expect((await other.lease('a'))?.isHeld).toBe(true);
});

test('a password is asked for, used, and never shown', async () => {
  await using guarded = await RedisServer.start({ password: 'not-to-be-shown' });
  const state = await connect(guarded.url);
  expect((await state.append('a', { id: 'x', event: 'tick', data: 1 })).offset).toBe(1);
  await state.close();
  const wrong = RedisStateCenter.connect({
    url: guarded.url.replace('not-to-be-shown', 'another-secret'),
    prefix: 'a',
    historySize: 1,
    logger: pino({ level: 'silent' }),
    connectTimeoutMs: 10_000,
  });
  await expect(wrong).rejects.toThrow(/WRONGPASS/);
  await expect(wrong).rejects.not.toThrow(/secret/);
});
