import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RedisServer } from '../../test/support/redis-server.ts';
import { MemoryStateCenter } from '../state/memory.ts';
import { RedisStateCenter } from '../state/redis/index.ts';
import { defaultConfig } from './config.ts';
import { OperatorError } from './operator-error.ts';
import { openState } from './state.ts';

const deps = { logger: pino({ level: 'silent' }), now: Date.now };

test('the state is in memory, or in Redis when its URL is set', async () => {
  await using server = await RedisServer.start();
  const config = defaultConfig();
  const memory = await openState(config, deps);
  onTestFinished(() => memory.close());
  expect(memory).toBeInstanceOf(MemoryStateCenter);
  config.redis.url = server.url;
  const redis = await openState(config, deps);
  expect(redis).toBeInstanceOf(RedisStateCenter);
  await redis.close();
});

test('a Redis that cannot be reached is told to the operator, without its password', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const config = defaultConfig();
  for (const url of [`redis://me:not-to-be-shown@127.0.0.1:${port}`, [`redis://:not-to-be-shown@127.0.0.1:${port}`]]) {
    config.redis.url = url;
    const error: unknown = await openState(config, { ...deps, connectTimeoutMs: 500 }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(OperatorError);
    expect(String(error)).toContain(`Redis at 127.0.0.1:${port} cannot be used (redis.url): `);
    expect(JSON.stringify([String(error), error])).not.toContain('not-to-be-shown');
  }
});
