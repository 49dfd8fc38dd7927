import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase, type Database } from '../src/database/database.ts';
import type { MonitorNode, MonitorStream, Overview } from '../src/modules/monitor/contract.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { pino } from 'pino';
import { connect, keyOf, startTest, tempFolder, type TestKaibo } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { RedisServer } from './support/redis-server.ts';
import { People } from './rooms-people.ts';

const logger = pino({ level: 'silent' });
/** Nodes tell every 2 s, and a machine of tests is late. */
vi.setConfig({ testTimeout: 90_000 });

async function overviewOf(kaibo: TestKaibo, headers: Record<string, string>): Promise<Overview> {
  const { status, text } = await kaibo.call('/api/monitor/overview', { headers });
  expect({ status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text) as Overview;
}

async function openRoom(kaibo: AccountsKaibo, { headers }: Person, more: object = {}) {
  const { body } = await kaibo.post('/api/rooms', { title: '深夜厨房', ...more }, headers);
  return body as unknown as { id: string; playId: string; streamKey: string };
}

test('the overview is of what there is, and changes with it', async () => {
  const kaibo = await startAccounts();
  const admin = await kaibo.person('admin');
  const streamer = await kaibo.person('streamer');
  const live = await openRoom(kaibo, streamer, { isPrivate: true });
  await openRoom(kaibo, streamer);
  await kaibo.engine.publish(live.playId, keyOf(live as never));
  await expect
    .poll(() => overviewOf(kaibo, admin.headers), { timeout: 20_000, interval: 500 })
    .toMatchObject({
      totals: { liveRooms: 1, preparingRooms: 1, streams: 1, inBps: 1_000_000, accounts: 2 },
    });
  const { nodes, alarms } = await overviewOf(kaibo, admin.headers);
  expect(nodes).toHaveLength(1);
  const [node] = nodes as [MonitorNode];
  expect(node.dependencies).toEqual(
    expect.arrayContaining([
      { name: 'database', state: 'closed' },
      { name: 'engine', state: 'closed' },
    ]),
  );
  expect(node.cores).toBeGreaterThan(0);
  expect(node.cpu).toBeLessThanOrEqual(1);
  expect(node.rssBytes).toBeGreaterThan(10_000_000);
  expect(node.diskTotalBytes).toBeGreaterThan(node.diskFreeBytes ?? Infinity);
  expect(node.address).toMatch(/^127\.0\.0\.1:\d+$/);
  // How full and how late the machine of the test is is not its business.
  expect(alarms.filter(({ kind }) => kind !== 'disk_low' && kind !== 'event_loop_late')).toEqual([]);
});

test('streams and rooms of others are shown to administrators, private ones too', async () => {
  const kaibo = await startAccounts();
  const admin = await kaibo.person('admin');
  const streamer = await kaibo.person('streamer');
  const live = await openRoom(kaibo, streamer, { isPrivate: true });
  const waiting = await openRoom(kaibo, streamer, { title: '明天见' });
  await kaibo.engine.publish(live.playId, keyOf(live as never));
  const streams = async (): Promise<MonitorStream[]> =>
    (await kaibo.get('/api/monitor/streams', admin.headers)).body['streams'] as MonitorStream[];
  await expect.poll(streams, { timeout: 20_000 }).toMatchObject([
    {
      room: { id: live.id, isPrivate: true, owner: { username: 'streamer' } },
      publishing: { recvBps: 1_000_000, fps: 25, video: { codec: 'h264' } },
      viewers: 0,
      outBps: 0,
    },
  ]);
  const rooms = await kaibo.get('/api/admin/rooms?status=live,preparing', admin.headers);
  expect(rooms.headers.get('x-total-count')).toBe('2');
  // They may be of the same millisecond.
  const byId = new Map((rooms.body as unknown as { id: string }[]).map((room) => [room.id, room]));
  expect(byId.get(waiting.id)).toMatchObject({ owner: { username: 'streamer' } });
  expect(byId.get(live.id)).toMatchObject({ isPrivate: true, publishing: { protocol: 'rtmp' } });
  expect(rooms.text + JSON.stringify(await streams())).not.toContain(keyOf(live as never).slice('?key='.length));
  const found = await kaibo.get(`/api/admin/rooms?q=${encodeURIComponent('明天')}`, admin.headers);
  expect(found.body).toMatchObject([{ id: waiting.id }]);
  kaibo.engine.drop(live.playId);
  await expect.poll(async () => (await streams())[0]?.publishing, { timeout: 20_000 }).toBeUndefined();
});

test('the channel tells administrators every 2 s, and who is none any more no more', async () => {
  const kaibo = await startAccounts();
  const admin = await kaibo.person('admin');
  const other = await kaibo.person('other');
  await kaibo.put(`/api/admin/users/${other.id}/role`, { role: 'admin' }, admin.headers);
  const socket = await connect(kaibo.base, { headers: other.headers });
  socket.send({ type: 'subscribe', channel: 'monitor', id: 1 });
  expect(await socket.next(({ type }) => type === 'snapshot')).toMatchObject({ data: { totals: { accounts: 2 } } });
  for (let count = 0; count < 2; count++) {
    const { data } = await socket.next(({ event }) => event === 'monitor.sampled');
    expect(data).toMatchObject({ totals: { accounts: 2 }, nodes: [{ name: expect.any(String) }] });
  }
  await kaibo.put(`/api/admin/users/${other.id}/role`, { role: 'user' }, admin.headers);
  expect((await socket.closed).code).toBe(4008);
  const again = await connect(kaibo.base, { headers: other.headers });
  again.send({ type: 'subscribe', channel: 'monitor', id: 1 });
  expect(await again.next(({ id }) => id === 1)).toMatchObject({ type: 'error', code: 'forbidden' });
});

test('a minute is written down when it is over, and is there after a restart', async () => {
  const dataDir = tempFolder();
  const first = await startAccounts(() => {}, dataDir);
  const admin = await first.person('admin');
  await expect.poll(async () => (await overviewOf(first, admin.headers)).nodes.length, { timeout: 20_000 }).toBe(1);
  const history = async (kaibo: TestKaibo) =>
    (await kaibo.call('/api/monitor/history', { headers: admin.headers })).body as {
      stepMs?: number;
      points?: object[];
    };
  await expect
    .poll(
      async () => {
        first.wait(60_000);
        return (await history(first)).points?.length;
      },
      { timeout: 30_000, interval: 500 },
    )
    .toBeGreaterThan(0);
  await first.kaibo.stop();
  const second = await startTest({ dataDir });
  const { stepMs, points } = await history(second);
  expect(stepMs).toBe(60_000);
  expect(points?.[0]).toMatchObject({ viewers: 0, streams: 0, rssBytes: expect.any(Number) });
});

test('nodes know of each other, and forget the one that went', async () => {
  const people = new People();
  const { headers } = people.add('operator', 'admin');
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const database = await sharedDatabase();
  const start = async (): Promise<TestKaibo> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
    onTestFinished(() => state.close());
    return startTest({
      database,
      state,
      authenticator: people,
      users: people,
      change: (config) => (config.access = 'open'),
    });
  };
  const a = await start();
  const b = await start();
  const room = await a.create();
  await b.engine.publish(room.playId, keyOf(room));
  for (const node of [a, b])
    await expect
      .poll(() => overviewOf(node, headers), { timeout: 20_000, interval: 500 })
      .toMatchObject({ totals: { streams: 1, liveRooms: 1 }, nodes: [{}, {}] });
  const streams = async () => (await a.call('/api/monitor/streams', { headers })).body['streams'];
  await expect
    .poll(streams, { timeout: 20_000 })
    .toMatchObject([{ room: { id: room.id }, node: expect.any(String), publishing: { fps: 25 } }]);
  await b.kaibo.stop();
  await expect
    .poll(async () => (await overviewOf(a, headers)).nodes.length, { timeout: 20_000, interval: 500 })
    .toBe(1);
});

async function sharedDatabase(): Promise<Database> {
  const options = { folder: tempFolder(), poolSize: 5, statementTimeoutMs: 10_000, logger };
  const { database, close } = await openDatabase(options);
  onTestFinished(close);
  return database;
}
