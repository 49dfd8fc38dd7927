// The platform while its Redis dies and comes back.
import { expect, test } from 'vitest';
import { connect, startTest } from './harness.ts';
import { RedisServer } from './support/redis-server.ts';

test('reads go on and say how old they are, changes are refused, and everything heals', async () => {
  await using redis = await RedisServer.start();
  const { base, call, create, room } = await startTest({ change: (config) => (config.redis.url = redis.url) });
  const made = await create();
  const owner = { authorization: `Bearer ${made.ownerToken}` };
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `room:${made.id}` });
  await socket.next(({ type }) => type === 'snapshot');

  await redis.kill();
  await expect
    .poll(async () => (await call('/readyz')).body['breakers'], { timeout: 10_000 })
    .toMatchObject({ redis: 'open' });
  const list = await call('/api/rooms');
  expect(list.status).toBe(200);
  expect(Number(list.headers.get('x-kaibo-stale'))).toBeGreaterThanOrEqual(0);
  const startedMs = performance.now();
  const refused = await call(`/api/rooms/${made.id}`, { method: 'PUT', body: { title: '改' }, headers: owner });
  expect(performance.now() - startedMs).toBeLessThan(1000);
  expect(refused).toMatchObject({ status: 503, body: { code: 'state_unavailable' } });
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect((await room(made.id)).title).toBe(made.title);

  await redis.resume();
  await expect
    .poll(
      async () =>
        (await call(`/api/rooms/${made.id}`, { method: 'PUT', body: { title: '好了' }, headers: owner })).status,
      {
        timeout: 30_000,
        interval: 200,
      },
    )
    .toBe(200);
  const told = await socket.next(({ event }) => event === 'room.updated');
  expect(told.data).toMatchObject({ title: '好了' });
  expect((await call('/api/rooms')).headers.get('x-kaibo-stale')).toBeNull();
}, 60_000);

test('two nodes share the budgets of rates', async () => {
  await using redis = await RedisServer.start();
  const nodes = await Promise.all(
    [1, 2].map(() =>
      startTest({
        change: (config) => {
          config.redis.url = redis.url;
          config.trustProxy = true;
          config.limits.readPerMinute = 10;
        },
      }),
    ),
  );
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  const statuses: number[] = [];
  for (let round = 0; round < 6; round++)
    for (const { call } of nodes) statuses.push((await call('/api/rooms', { headers })).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  expect(statuses.slice(10)).toEqual([429, 429]);
}, 60_000);

test('whoever sends many wrong tokens is refused before they are looked at', async () => {
  const { call } = await startTest({
    change: (config) => {
      config.trustProxy = true;
      config.limits.readPerMinute = 5;
    },
  });
  const headers = { 'x-forwarded-for': '203.0.113.9', authorization: 'Bearer a.b.c' };
  const statuses = [];
  for (let n = 0; n < 8; n++) statuses.push((await call('/api/users/me', { headers })).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
});
