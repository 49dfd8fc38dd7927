// Two platforms on one Redis and one PostgreSQL, and the death of one of them.
import { expect, test } from 'vitest';
import { PostgresServer } from '../../packages/server/test/support/postgres.ts';
import { RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { pollingClient, socketClient, sseClient } from '../support/event-clients.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { startPlatform, type TestRoom } from '../support/platform.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 4000;
/** A dead node's leases are gone within this (architecture.md). */
const DEATH_SEEN_MS = 15_000;
/** For the machine that the tests run on. */
const SLACK_MS = 5000;

test('what happens on one node is seen on the other, and a dead node leaves nothing behind', async () => {
  await using redis = await RedisServer.start();
  await using postgres = await PostgresServer.start();
  const flags = [
    `--redis.url=${redis.url}`,
    `--database.url=${await postgres.createDatabase()}`,
    `--media.graceMs=${GRACE_MS}`,
    '--access=open',
  ];
  await using doomed = await startPlatform(...flags);
  await using survivor = await startPlatform(...flags);

  let base = doomed.url;
  await using list = socketClient(() => survivor.url, 'rooms');
  await list.ready;
  const room = await doomed.createRoom('两个节点');
  await until(() => list.seen.some(({ event, data }) => event === 'room.created' && idOf(data) === room.id));
  expect(await survivor.room(room.id)).toMatchObject({ title: '两个节点' });

  const channel = `room:${room.id}`;
  await using socket = socketClient(() => base, channel);
  await using sse = sseClient(() => base, channel);
  await using polling = pollingClient(() => base, channel);
  const clients = [socket, sse, polling];
  await Promise.all(clients.map(async ({ ready }) => ready));

  await using _encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await survivor.room(room.id)).status === 'live', { what: 'the survivor seeing it live' });
  const refused = publishTestPicture((await ownedOn(survivor.url, room)).publishUrls.rtmp, { seconds: 20 });
  expect((await refused.ended).code).not.toBe(0);

  const stays = await enter(survivor.url, room);
  const leaves = await enter(doomed.url, room);
  expect(stays).not.toBe(leaves);
  await until(async () => (await survivor.room(room.id)).viewerCount === 2, { what: 'two viewers over both nodes' });

  await doomed.program.stop('SIGKILL');
  const diedMs = performance.now();
  base = survivor.url;
  const within = { timeoutMs: DEATH_SEEN_MS + SLACK_MS, intervalMs: 200 };
  await until(async () => (await survivor.room(room.id)).viewerCount === 1, {
    ...within,
    what: "the dead node's viewer vanishing",
  });
  await until(async () => (await survivor.room(room.id)).interrupted, {
    ...within,
    what: 'the room being interrupted',
  });
  expect(performance.now() - diedMs).toBeLessThan(DEATH_SEEN_MS + SLACK_MS);
  await until(async () => (await survivor.room(room.id)).status === 'ended', {
    timeoutMs: GRACE_MS + 10_000 + SLACK_MS,
    what: 'the room ending a grace later',
  });

  for (const client of clients) {
    await until(() => client.seen.some(({ event }) => event === 'room.ended'), {
      what: `${client.name} hearing the end`,
    });
    expect(client.losses, client.name).toBe(0);
    expect(
      client.seen.map(({ event }) => event),
      client.name,
    ).toEqual(['room.live', 'room.interrupted', 'room.ended']);
  }
});

test('two nodes that start at once on an empty database both come up, with the same keys', async () => {
  await using redis = await RedisServer.start();
  await using postgres = await PostgresServer.start();
  const flags = [`--redis.url=${redis.url}`, `--database.url=${await postgres.createDatabase()}`, '--access=open'];
  const [one, two] = await Promise.all([startPlatform(...flags), startPlatform(...flags)]);
  await using _one = one;
  await using _two = two;
  const token = await register(one.url, 'someone');
  const verified = await fetch(`${two.url}/api/auth/verify`, { headers: { authorization: `Bearer ${token}` } });
  expect(await verified.json()).toMatchObject({ user: { username: 'someone' } });
  await fetch(`${one.url}/api/auth/logout-all`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  await until(
    async () =>
      (await fetch(`${two.url}/api/users/me`, { headers: { authorization: `Bearer ${token}` } })).status === 401,
    { what: 'the logout reaching the other node', timeoutMs: 2000 },
  );
});

async function enter(url: string, room: TestRoom): Promise<string> {
  const response = await fetch(`${url}/api/rooms/${room.id}/enter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { vid: string }).vid;
}

async function ownedOn(url: string, { id, ownerToken }: TestRoom): Promise<TestRoom> {
  const response = await fetch(`${url}/api/rooms/${id}`, { headers: { authorization: `Bearer ${ownerToken}` } });
  return (await response.json()) as TestRoom;
}

async function register(url: string, username: string): Promise<string> {
  const response = await fetch(`${url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: 'correct horse battery' }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { accessToken: string }).accessToken;
}

function idOf(data: unknown): string | undefined {
  return (data as { id?: string }).id;
}
