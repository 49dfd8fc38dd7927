import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { Outbox } from '../src/database/outbox.ts';
import { createLiveModule } from '../src/modules/live/index.ts';
import { MemoryStateCenter } from '../src/state/memory.ts';
import { FakeEngine } from './fake-engine.ts';
import { keyOf, startTest, tempFolder } from './harness.ts';
import { People } from './rooms-people.ts';

const logger = pino({ level: 'silent' });
const now = Date.now;

/** The whole platform, and beside it the rooms as other modules are given them, on the same database and state. */
async function startWithModule(graceMs: number) {
  const people = new People();
  const { database, close } = await openDatabase({
    folder: tempFolder(),
    poolSize: 5,
    statementTimeoutMs: 10_000,
    logger,
  });
  onTestFinished(close);
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const change: Parameters<typeof startTest>[0] = { change: (config) => (config.media.graceMs = graceMs) };
  const platform = await startTest({ ...change, database, state, authenticator: people, users: people });
  const outbox = new Outbox({ database, state, logger, now });
  const engine = new FakeEngine();
  const live = createLiveModule({
    ...{ database, outbox, state, engine, users: people, logger, now, graceMs },
    signingKey: randomBytes(32),
    access: 'members',
    recording: 'never',
    openRoomsPerUser: 10,
    pictures: () => ({ adopt: async (address) => address }),
  });
  await engine.start(live.engineHandler);
  await live.start();
  onTestFinished(async () => {
    live.prepareStop();
    await engine.stop();
    await live.stop();
    await outbox.stop();
  });
  const audited = async (subject: string) => {
    const rows = await database
      .selectFrom('audit_log')
      .selectAll()
      .where('subject', '=', subject)
      .orderBy('seq')
      .execute();
    return rows.map(({ actor, action, details }) => [actor, action, JSON.parse(details) as unknown]);
  };
  return { ...platform, people, live, audited };
}

test('a peer-to-peer room lives while its owner is there, and ends a grace after', async () => {
  const { call, create, people, live, room } = await startWithModule(300);
  const { headers } = people.add('owner');
  const made = await create({ mode: 'p2p' }, headers);
  const [first, second] = [await live.directory.ownerJoined(made.id), await live.directory.ownerJoined(made.id)];
  await call(`/api/rooms/${made.id}`, { method: 'PUT', body: { status: 'live' }, headers });
  first();
  first();
  const back = await live.directory.ownerJoined(made.id);
  second();
  expect(await room(made.id)).toMatchObject({ status: 'live' });
  expect((await room(made.id)).interrupted).toBeUndefined();
  back();
  await expect.poll(() => room(made.id), { timeout: 5000 }).toMatchObject({ status: 'ended' });
});

test('a new key of the channel cuts its publisher, by whichever module it was changed', async () => {
  const { call, engine, people, live } = await startWithModule(30_000);
  const { channel } = people.add('owner');
  await engine.publish(channel.playId, channel.key);
  const rooms = async () => JSON.parse((await call('/api/rooms')).text) as unknown;
  await expect.poll(rooms).toMatchObject([{ status: 'live' }]);
  await live.directory.streamKeyChanged(channel.playId);
  await expect.poll(rooms).toMatchObject([{ status: 'live', interrupted: true }]);
});

test('an account that goes ends its rooms, takes its data along and leaves the old rooms without owner', async () => {
  const { audited, call, create, engine, people, live, room } = await startWithModule(30_000);
  const [gone, other] = [people.add('gone'), people.add('other')];
  const [mine, theirs] = [await create({}, gone.headers), await create({}, other.headers)];
  await call(`/api/rooms/${theirs.id}/moderators/gone`, { method: 'PUT', headers: other.headers });
  await engine.publish(mine.playId, keyOf(mine));
  await expect.poll(() => room(mine.id)).toMatchObject({ status: 'live' });
  const data = await live.accountHolder.exportData('gone');
  expect(data).toMatchObject({
    rooms: [{ id: mine.id, createdAt: expect.any(Number) }],
    memberships: [{ roomId: theirs.id, kind: 'moderator' }],
  });
  expect(JSON.stringify(data)).not.toMatch(/key|secret/i);
  await live.accountHolder.accountGone('gone', 'deleted');
  expect(await room(mine.id)).toMatchObject({ status: 'ended', userId: null });
  await expect.poll(() => engine.streams()).toEqual([]);
  const moderators = await call(`/api/rooms/${theirs.id}/moderators`, { headers: other.headers });
  expect(JSON.parse(moderators.text)).toEqual([]);
  expect(await audited(`room:${mine.id}`)).toContainEqual(['system', 'room.ended', { why: 'account deleted' }]);
});

test('who did what to a room is written down, without secrets', async () => {
  const { audited, call, create, engine, people, room } = await startWithModule(30_000);
  const [owner, admin] = [people.add('owner'), people.add('admin', 'admin')];
  people.add('viewer');
  const made = await create({ title: '审计' }, owner.headers);
  const as = (headers: Record<string, string>, method: string, path: string, body?: unknown) =>
    call(`/api/rooms/${made.id}${path}`, { method, body, headers });
  await engine.publish(made.playId, keyOf(made));
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live' });
  await as(owner.headers, 'PUT', '', { title: '改名', category: '音乐' });
  expect((await as(people.add('other').headers, 'POST', '/cut')).status).toBe(403);
  await as(admin.headers, 'POST', '/cut');
  await expect.poll(() => engine.streams()).toMatchObject([{ state: 'interrupted' }]);
  await as(owner.headers, 'POST', '/key');
  await as(owner.headers, 'POST', '/kick', { person: 'user:viewer' });
  await as(owner.headers, 'POST', '/bans', { userId: 'viewer', reason: '刷屏' });
  await as(admin.headers, 'POST', '/close');
  expect(await audited(`room:${made.id}`)).toEqual([
    ['user:owner', 'room.created', { title: '审计', mode: 'media', isPrivate: false }],
    ['system', 'room.live', { why: 'published' }],
    ['user:owner', 'room.updated', { fields: ['title', 'category'] }],
    ['user:admin', 'room.cut', { as: 'admin' }],
    ['user:owner', 'room.key_rotated', {}],
    ['user:owner', 'member.kicked', { person: 'user:viewer' }],
    ['user:owner', 'member.banned', { person: 'user:viewer', reason: '刷屏' }],
    ['user:admin', 'room.ended', { why: 'closed', as: 'admin' }],
  ]);
});
