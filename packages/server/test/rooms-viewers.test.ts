import { expect, test } from 'vitest';
import { connect, keyOf, startTest, type Message } from './harness.ts';
import { People } from './rooms-people.ts';

async function startWithRoom(input: Record<string, unknown> = {}, now?: () => number) {
  const people = new People();
  const platform = await startTest({ authenticator: people, users: people, now });
  const owner = people.add('owner');
  const made = await platform.create(input, owner.headers);
  await platform.engine.publish(made.playId, keyOf(made));
  await expect
    .poll(() => platform.call(`/api/rooms/${made.id}`, { headers: owner.headers }))
    .toMatchObject({
      body: { status: 'live' },
    });
  const as = (headers: Record<string, string> | undefined, method: string, path: string, body?: unknown) =>
    platform.call(`/api/rooms/${made.id}${path}`, { method, body, headers });
  const vidOf = async (headers?: Record<string, string>) =>
    String((await platform.call('/api/viewers', { method: 'POST', headers })).body['vid']);
  return { ...platform, people, owner, made, as, vidOf };
}

const isSnapshot = ({ type }: Message) => type === 'snapshot';

test('one account is one person, by enter, media and socket alike', async () => {
  const { as, base, engine, made, people, vidOf } = await startWithRoom();
  const { headers } = people.add('viewer');
  const entered = await as(headers, 'POST', '/enter', {});
  const vid = await vidOf(headers);
  expect(entered.body).toEqual({ vid, viewerCount: 1, expiresInSeconds: 60 });
  const media = await engine.play(made.playId, `?vid=${vid}`);
  const socket = await connect(base, { headers });
  socket.send({ type: 'subscribe', channel: `live:${made.id}` });
  expect(await socket.next(isSnapshot)).toMatchObject({ data: { viewerCount: 1, peakViewers: 1 } });
  const count = async () => (await as(undefined, 'GET', '')).body['viewerCount'];
  await as(headers, 'POST', '/leave', {});
  media.leave();
  expect(await count()).toBe(1);
  socket.socket.terminate();
  await expect.poll(count).toBe(0);
});

test('an owner is no viewer of the own room', async () => {
  const { as, owner } = await startWithRoom();
  expect((await as(owner.headers, 'POST', '/enter', {})).body).toMatchObject({ viewerCount: 0 });
});

test('people without an account are told apart by their vid, and enter is over when it is not renewed', async () => {
  let now = Date.now();
  const { as } = await startWithRoom({}, () => now);
  const first = await as(undefined, 'POST', '/enter');
  const again = await as(undefined, 'POST', '/enter', { vid: first.body['vid'] });
  expect(again.body).toEqual({ ...first.body, viewerCount: 1 });
  const forged = await as(undefined, 'POST', '/enter', { vid: `${String(first.body['vid'])}x` });
  expect(forged.body).toMatchObject({ viewerCount: 2 });
  expect(forged.body['vid']).not.toBe(first.body['vid']);
  now += 61_000;
  await expect.poll(async () => (await as(undefined, 'GET', '')).body['viewerCount'], { timeout: 5000 }).toBe(0);
});

test('a full room lets nobody else in by any way', async () => {
  const { as, base, engine, made, vidOf } = await startWithRoom({ maxViewers: 1 });
  const { body } = await as(undefined, 'POST', '/enter', {});
  expect(await as(undefined, 'POST', '/enter', {})).toMatchObject({ status: 503, body: { code: 'room_full' } });
  expect((await engine.play(made.playId)).verdict).toMatchObject({ code: 'room_full' });
  expect((await engine.play(made.playId, `?vid=${String(body['vid'])}`)).verdict.action).toBe('play');
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `live:${made.id}`, vid: await vidOf() });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'room_full' });
});

test('the owner sees who watches, in pages', async () => {
  const { as, owner, people } = await startWithRoom();
  for (const name of ['a', 'b', 'c']) await as(people.add(name).headers, 'POST', '/enter', {});
  const page = await as(owner.headers, 'GET', '/viewers?page=2&pageSize=2');
  expect(JSON.parse(page.text)).toEqual([{ person: 'user:c', userId: 'c', name: '我是c' }]);
  expect(page.headers.get('x-total-count')).toBe('3');
});

test('a kick cuts media, socket and presence, and the person may come back', async () => {
  const { as, base, engine, made, owner, people, vidOf } = await startWithRoom();
  const { headers } = people.add('viewer');
  await as(headers, 'POST', '/enter', {});
  const vid = await vidOf(headers);
  await engine.play(made.playId, `?vid=${vid}`);
  await engine.play(made.playId);
  const socket = await connect(base, { headers });
  for (const channel of [`live:${made.id}`, `room:${made.id}`]) {
    socket.send({ type: 'subscribe', channel });
    await socket.next(isSnapshot);
  }
  expect((await as(owner.headers, 'POST', '/kick', { person: 'user:viewer' })).body).toEqual({ success: true });
  for (let n = 0; n < 2; n++)
    expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'kicked_from_room' });
  await expect.poll(() => engine.viewers).toBe(1);
  await expect.poll(async () => (await as(undefined, 'GET', '')).body['viewerCount']).toBe(1);
  expect((await as(headers, 'POST', '/enter', {})).body).toMatchObject({ viewerCount: 2 });
});

test('a ban keeps somebody out of media, channels and enter, until it is over or lifted', async () => {
  let now = Date.now();
  const { as, base, engine, made, owner, people, vidOf } = await startWithRoom({}, () => now);
  const { headers } = people.add('viewer');
  const vid = await vidOf(headers);
  const banned = await as(owner.headers, 'POST', '/bans', { userId: 'viewer', reason: '刷屏', seconds: 60 });
  expect(banned.body).toMatchObject({ person: 'user:viewer', reason: '刷屏', expiresAt: expect.any(Number) });
  expect((await engine.play(made.playId, `?vid=${vid}`)).verdict).toMatchObject({ code: 'banned_from_room' });
  expect(await as(headers, 'POST', '/enter', {})).toMatchObject({ status: 403, body: { code: 'banned_from_room' } });
  const socket = await connect(base, { headers });
  socket.send({ type: 'subscribe', channel: `room:${made.id}` });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'banned_from_room' });
  expect(JSON.parse((await as(owner.headers, 'GET', '/bans')).text)).toHaveLength(1);
  now += 61_000;
  expect((await as(headers, 'POST', '/enter', {})).status).toBe(200);
  expect(JSON.parse((await as(owner.headers, 'GET', '/bans')).text)).toEqual([]);
  await as(owner.headers, 'POST', '/bans', { person: 'user:viewer' });
  expect((await as(headers, 'POST', '/enter', {})).status).toBe(403);
  expect((await as(owner.headers, 'DELETE', '/bans/user:viewer')).body).toEqual({ success: true });
  expect((await as(headers, 'POST', '/enter', {})).status).toBe(200);
});

test('the room’s channel tells of bans and moderators, and keeps the reasons to itself', async () => {
  const { as, base, made, owner, people } = await startWithRoom();
  people.add('viewer');
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `room:${made.id}` });
  await socket.next(isSnapshot);
  await as(owner.headers, 'PUT', '/moderators/viewer');
  await as(owner.headers, 'POST', '/bans', { person: 'user:viewer', reason: '秘密' });
  expect(await socket.next(({ event }) => event === 'moderator.added')).toMatchObject({
    data: { userId: 'viewer', name: '我是viewer' },
  });
  expect(await socket.next(({ event }) => event === 'member.banned')).toMatchObject({
    data: { person: 'user:viewer' },
  });
  expect(JSON.stringify(socket.messages)).not.toContain('秘密');
});

test('a private room is for its owner, moderators, the invited, administrators and token bearers', async () => {
  const { as, call, engine, made, owner, people } = await startWithRoom({ isPrivate: true });
  const [invited, moderator, stranger] = [people.add('invited'), people.add('moderator'), people.add('stranger')];
  const admin = people.add('admin', 'admin');
  await as(owner.headers, 'PUT', '/moderators/moderator');
  expect((await as(owner.headers, 'POST', '/invites', { username: 'invited' })).body).toMatchObject({
    person: 'user:invited',
  });
  const statusFor = async (headers?: Record<string, string>) => (await as(headers, 'GET', '')).status;
  for (const { headers } of [owner, moderator, invited, admin]) expect(await statusFor(headers)).toBe(200);
  expect([await statusFor(stranger.headers), await statusFor()]).toEqual([403, 403]);
  for (const { headers } of [stranger, invited])
    expect(JSON.parse((await call('/api/rooms?userId=owner', { headers })).text)).toEqual([]);
  expect(JSON.parse((await call('/api/rooms?userId=owner', owner)).text)).toHaveLength(1);

  const urls = (await as(invited.headers, 'GET', '')).body['playUrls'] as { flv: string };
  const { search } = new URL(urls.flv);
  expect((await engine.play(made.playId)).verdict).toMatchObject({ status: 403, code: 'room_private' });
  expect((await engine.play(made.playId, search)).verdict).toMatchObject({ action: 'play', viewer: 'user:invited' });
  await as(owner.headers, 'DELETE', '/invites/invited');
  await expect.poll(() => engine.viewers).toBe(0);
  expect((await engine.play(made.playId, search)).verdict).toMatchObject({ code: 'room_private' });
  expect(await statusFor(invited.headers)).toBe(403);
});

test('play tokens let their bearer in until they are over, and one for a viewer only that viewer', async () => {
  let now = Date.now();
  const { as, engine, made, owner, people } = await startWithRoom({ isPrivate: true }, () => now);
  const answer = await as(owner.headers, 'POST', '/play-token', { expiresInSeconds: 60 });
  const { token, expiresAt, url } = answer.body as unknown as { token: string; expiresAt: number; url: string };
  expect([expiresAt, url]).toEqual([now + 60_000, `/rooms/${made.id}?token=${encodeURIComponent(token)}`]);
  expect((await as(undefined, 'GET', `?token=${token}`)).status).toBe(200);
  expect((await engine.play(made.playId, `?token=${token}`)).verdict.action).toBe('play');
  const bound = await as(owner.headers, 'POST', '/play-token', { viewer: 'user:friend' });
  const boundToken = String(bound.body['token']);
  expect((await engine.play(made.playId, `?token=${boundToken}`)).verdict).toMatchObject({ viewer: 'user:friend' });
  expect((await as(people.add('thief').headers, 'GET', `?token=${boundToken}`)).status).toBe(403);
  expect((await as(people.add('friend').headers, 'GET', `?token=${boundToken}`)).status).toBe(200);
  now += 61_000;
  expect((await as(undefined, 'GET', `?token=${token}`)).status).toBe(403);
  expect((await engine.play(made.playId, `?token=${token}`)).verdict).toMatchObject({ code: 'room_private' });
});

test('a room that becomes private sends those out who may not know it', async () => {
  const { as, base, engine, made, owner } = await startWithRoom();
  await engine.play(made.playId);
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `room:${made.id}` });
  await socket.next(isSnapshot);
  await as(owner.headers, 'PUT', '', { isPrivate: true });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'room_private' });
  await expect.poll(() => engine.viewers).toBe(0);
});
