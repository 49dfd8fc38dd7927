import { expect, test } from 'vitest';
import { connect, keyOf, startTest } from './harness.ts';
import { People } from './rooms-people.ts';

async function startWithPeople(change?: Parameters<typeof startTest>[0]) {
  const people = new People();
  const platform = await startTest({ authenticator: people, users: people, ...change });
  return { ...platform, people };
}

test('a room of an account has no token; its owner and administrators see the key, nobody else', async () => {
  const { call, create, people } = await startWithPeople();
  const [owner, admin, other] = [people.add('owner'), people.add('admin', 'admin'), people.add('other')];
  const made = await create({}, owner.headers);
  expect(made).toMatchObject({ userId: 'owner', owner: { id: 'owner', name: '我是owner' } });
  expect(made.ownerToken).toBeUndefined();
  const keyFor = async (headers?: Record<string, string>) =>
    (await call(`/api/rooms/${made.id}`, { headers })).body['streamKey'];
  expect([await keyFor(owner.headers), await keyFor(admin.headers)]).toEqual([made.streamKey, made.streamKey]);
  expect([await keyFor(other.headers), await keyFor()]).toEqual([undefined, undefined]);
});

test('members make rooms; without an account this machine may only until the first one exists', async () => {
  const { call, create, people } = await startWithPeople();
  await create();
  const first = people.add('first');
  const refused = await call('/api/rooms', { method: 'POST', body: { title: '匿名' } });
  expect([refused.status, refused.body.code]).toEqual([401, 'account_required']);
  await create({}, first.headers);
});

test('an account has a bounded number of open rooms', async () => {
  const { call, create, people } = await startWithPeople({ change: (config) => (config.limits.openRoomsPerUser = 2) });
  const { headers } = people.add('owner');
  const [first] = [await create({}, headers), await create({}, headers)];
  const third = () => call('/api/rooms', { method: 'POST', body: { title: '三' }, headers });
  expect(await third()).toMatchObject({ status: 409, body: { code: 'too_many_rooms' } });
  await call(`/api/rooms/${first.id}/close`, { method: 'POST', headers });
  expect((await third()).status).toBe(201);
});

test('moderators moderate and do nothing else', async () => {
  const { call, create, people } = await startWithPeople();
  const [owner, moderator, other] = [people.add('owner'), people.add('moderator'), people.add('other')];
  const { id } = await create({}, owner.headers);
  const as = (headers: Record<string, string>, method: string, path: string, body?: unknown) =>
    call(`/api/rooms/${id}${path}`, { method, body, headers });
  expect((await as(moderator.headers, 'PUT', '/moderators/moderator')).status).toBe(403);
  expect((await as(owner.headers, 'PUT', '/moderators/nobody')).body.code).toBe('user_not_found');
  expect((await as(owner.headers, 'PUT', '/moderators/moderator')).body).toMatchObject({ name: '我是moderator' });
  const statuses = async (headers: Record<string, string>) => [
    (await as(headers, 'GET', '/viewers')).status,
    (await as(headers, 'POST', '/kick', { person: 'user:other' })).status,
    (await as(headers, 'POST', '/bans', { userId: 'other' })).status,
    (await as(headers, 'GET', '/bans')).status,
    (await as(headers, 'DELETE', '/bans/user:other')).status,
    (await as(headers, 'PUT', '', { title: '改名' })).status,
    (await as(headers, 'POST', '/key')).status,
    (await as(headers, 'POST', '/close')).status,
  ];
  expect(await statuses(other.headers)).toEqual(Array(8).fill(403));
  expect(await statuses(moderator.headers)).toEqual([200, 200, 200, 200, 200, 403, 403, 403]);
  expect((await as(moderator.headers, 'GET', '')).body['streamKey']).toBeUndefined();
  expect((await as(moderator.headers, 'POST', '/bans', { userId: 'owner' })).status).toBe(403);
  expect((await as(owner.headers, 'DELETE', '/moderators/moderator')).status).toBe(200);
  expect((await as(owner.headers, 'DELETE', '/moderators/moderator')).body.code).toBe('member_not_found');
  expect((await as(moderator.headers, 'GET', '/viewers')).status).toBe(403);
});

test('a new key cuts whoever publishes by the old one', async () => {
  const { call, create, engine, people, room } = await startWithPeople();
  const { headers } = people.add('owner');
  const made = await create({}, headers);
  await engine.publish(made.playId, keyOf(made));
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live' });
  const { body } = await call(`/api/rooms/${made.id}/key`, { method: 'POST', headers });
  expect(body['streamKey']).not.toBe(made.streamKey);
  await expect.poll(() => room(made.id)).toMatchObject({ interrupted: true });
  expect(await engine.publish(made.playId, keyOf(made))).toMatchObject({ code: 'wrong_key' });
  const key = String(body['streamKey']);
  expect(await engine.publish(made.playId, key.slice(key.indexOf('?')))).toMatchObject({ action: 'publish' });
});

test('publishing to the permanent channel opens the room, resumes it, and opens the next one alike', async () => {
  const { call, engine, people, room } = await startWithPeople();
  const { headers, channel } = people.add('owner');
  expect(await engine.publish(channel.playId, '?key=wrong')).toMatchObject({ code: 'wrong_key' });
  expect(await engine.publish(channel.playId, '')).toMatchObject({ code: 'key_required' });
  expect(await engine.publish(channel.playId, channel.key)).toEqual({ action: 'publish', credential: 'channel:owner' });
  const mine = async () => {
    const { text } = await call('/api/rooms?userId=owner&status=preparing,live', { headers });
    return JSON.parse(text) as { id: string; title: string; status: string; playId: string }[];
  };
  await expect.poll(mine).toMatchObject([{ title: '我是owner的直播间', status: 'live', playId: channel.playId }]);
  const [first = { id: '' }] = await mine();
  const shown = await call(`/api/rooms/${first.id}`, { headers });
  expect(shown.body['streamKey']).toBe(channel.playId + channel.key);
  expect(await call(`/api/rooms/${first.id}/key`, { method: 'POST', headers })).toMatchObject({
    status: 409,
    body: { code: 'key_on_channel' },
  });
  engine.drop(channel.playId);
  await expect.poll(() => room(first.id)).toMatchObject({ interrupted: true });
  await engine.publish(channel.playId, channel.key);
  await expect.poll(async () => (await room(first.id)).interrupted).toBeUndefined();
  await call(`/api/rooms/${first.id}`, { method: 'PUT', body: { title: '第二次' }, headers });
  await call(`/api/rooms/${first.id}/close`, { method: 'POST', headers });
  await engine.publish(channel.playId, channel.key);
  await expect.poll(mine).toMatchObject([{ title: '第二次', status: 'live' }]);
  expect((await mine())[0]?.id).not.toBe(first.id);
});

test('a banned account publishes by none of its keys', async () => {
  const { create, engine, people } = await startWithPeople();
  const owner = people.add('owner');
  const made = await create({}, owner.headers);
  owner.isBanned = true;
  expect(await engine.publish(made.playId, keyOf(made))).toMatchObject({ status: 403, code: 'account_banned' });
  expect(await engine.publish(owner.channel.playId, owner.channel.key)).toMatchObject({ code: 'account_banned' });
});

test('peer-to-peer rooms are made live without a publisher, and take none', async () => {
  const { call, create, engine, people } = await startWithPeople();
  const { headers } = people.add('owner');
  const made = await create({ mode: 'p2p' }, headers);
  expect(made).toMatchObject({ mode: 'p2p', playUrls: {} });
  expect(made.streamKey).toBeUndefined();
  expect(await engine.publish(made.playId, '?key=x')).toMatchObject({ action: 'deny', status: 403 });
  const live = await call(`/api/rooms/${made.id}`, { method: 'PUT', body: { status: 'live' }, headers });
  expect(live).toMatchObject({ status: 200, body: { status: 'live' } });
});

test('a stream ends when its room is ended elsewhere, as the command line does', async () => {
  const { base, call, create, engine, people, room } = await startWithPeople();
  const [owner, admin] = [people.add('owner'), people.add('admin', 'admin')];
  const made = await create({}, owner.headers);
  await engine.publish(made.playId, keyOf(made));
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live' });
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `room:${made.id}` });
  await socket.next(({ type }) => type === 'snapshot');
  await call(`/api/rooms/${made.id}/close`, { method: 'POST', headers: admin.headers });
  await socket.next(({ event }) => event === 'room.ended');
  expect(await engine.streams()).toEqual([]);
});
