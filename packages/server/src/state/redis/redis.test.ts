import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
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
    connectTimeoutMs: 500,
  });
  await expect(wrong).rejects.toThrow(/WRONGPASS/);
  await expect(wrong).rejects.not.toThrow(/secret/);
});
