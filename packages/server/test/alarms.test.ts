import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase, type Database } from '../src/database/database.ts';
import type { AlarmChannel, MonitorAlarm, Silence } from '../src/modules/monitor/alarm/contract.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { connect, keyOf, request, startTest, tempFolder, type TestKaibo } from './harness.ts';
import { startAccounts } from './support/accounts.ts';
import { startMailSink, textOf } from './support/mail-sink.ts';
import { startReceiver, type Receiver } from './support/receiver.ts';
import { RedisServer } from './support/redis-server.ts';
import { startRobots } from './support/robots.ts';
import { People } from './rooms-people.ts';

const logger = pino({ level: 'silent' });
const SECRET = 'whsec-hush-4711-hush';
/** Nodes look every 2 s, and a machine of tests is late. */
vi.setConfig({ testTimeout: 90_000 });
const SOON = { timeout: 30_000, interval: 250 };

interface Told extends MonitorAlarm {
  what: string;
}

const toldOf = ({ taken }: Receiver): Told[] => taken.flatMap(({ data }) => (data as { alarms: Told[] }).alarms);

async function firingOf(kaibo: TestKaibo, headers: Record<string, string>, query = ''): Promise<MonitorAlarm[]> {
  const { status, body } = await kaibo.call(`/api/monitor/alarms?limit=200${query}`, { headers });
  expect(status).toBe(200);
  return body['alarms'] as MonitorAlarm[];
}

test('alarms of a platform: fired, told, listed, taken on, silenced, over', async () => {
  const receiver = await startReceiver();
  const [robots, sink] = [await startRobots(), await startMailSink()];
  const everything = { levels: ['warning' as const, 'critical' as const], kinds: ['*'], cleared: true };
  const kaibo = await startAccounts((config) => {
    config.alarms.groupSeconds = 0;
    config.alarms.notices = 'all';
    config.alarms.allowPrivate = ['127.0.0.1'];
    config.mail = { url: sink.url, from: 'Kaibo <kaibo@example.org>' };
    config.publicUrl = 'https://live.example.org';
    // How busy the machine of the test is is not its business; its clock is turned by hours.
    config.alarms.rules = [
      { kind: 'cpu_high', enabled: false },
      { kind: 'memory_high', enabled: false },
    ];
    config.media.graceMs = 3_600_000;
    config.auth.accessTokenSeconds = 86_400;
    // No disk has as much.
    config.media.record.minFreeBytes = Number.MAX_SAFE_INTEGER;
    config.alarms.channels = [
      { ...everything, name: 'ops', type: 'webhook', url: receiver.url, secret: SECRET },
      {
        ...everything,
        name: 'lark',
        type: 'feishu',
        url: `${robots.base}/feishu/hook/feishu-token`,
        secret: robots.secret,
      },
      { ...everything, name: 'mail', type: 'email', to: ['ops@example.org'], kinds: ['disk_*'], language: 'zh' },
    ];
  });
  const admin = await kaibo.person('admin');
  const streamer = await kaibo.person('streamer');
  const socket = await connect(kaibo.base, { headers: admin.headers });
  socket.send({ type: 'subscribe', channel: 'monitor', id: 1 });
  await socket.next(({ type }) => type === 'snapshot');

  // The disk, by its bound.
  await expect
    .poll(() => toldOf(receiver), SOON)
    .toMatchObject([{ what: 'fired', kind: 'disk_low', level: 'critical' }]);
  await expect.poll(() => sink.mails.map(textOf).join(), SOON).toContain('严重 · 磁盘快满了');
  await expect.poll(() => JSON.stringify(robots.taken('feishu')), SOON).toContain('The disk is nearly full');
  expect(JSON.stringify(robots.taken('feishu'))).toContain('https://live.example.org/admin/alarms');

  // Somebody tries keys.
  const { body } = await kaibo.post('/api/rooms', { title: '深夜厨房' }, streamer.headers);
  const room = body as unknown as { id: string; playId: string; streamKey: string };
  for (let times = 0; times < 31; times++) await kaibo.engine.publish(room.playId, `?key=guess-${times}`);
  const fired = await socket.next(
    ({ event, data }) => event === 'alarm.fired' && (data as { alarm: MonitorAlarm }).alarm.kind === 'publish_failures',
  );
  expect(fired.data).toMatchObject({ alarm: { level: 'warning', data: { value: 31, codes: { wrong_key: 31 } } } });
  await expect.poll(() => toldOf(receiver).map(({ kind }) => kind), SOON).toContain('publish_failures');

  // A publisher drops, and stays away.
  await kaibo.engine.publish(room.playId, keyOf(room as never));
  await expect
    .poll(async () => (await kaibo.call('/api/monitor/streams', { headers: admin.headers })).text, SOON)
    .toContain(room.playId);
  kaibo.engine.drop(room.playId);
  await expect
    .poll(async () => {
      kaibo.wait(4000);
      return (await firingOf(kaibo, admin.headers)).find(({ kind }) => kind === 'stream_interrupted');
    }, SOON)
    .toMatchObject({ level: 'warning', subject: room.playId });

  // Somebody takes it on; the others may not.
  const [interrupted] = await firingOf(kaibo, admin.headers, '&kind=stream_interrupted');
  const ack = `/api/monitor/alarms/${interrupted?.id}/ack`;
  expect((await kaibo.post(ack, {}, streamer.headers)).body.code).toBe('forbidden');
  expect((await kaibo.call('/api/monitor/alarms')).status).toBe(401);
  expect((await kaibo.post(ack, { note: '在看了' }, admin.headers)).body).toMatchObject({
    acknowledged: { by: `user:${admin.id}`, note: '在看了' },
  });
  expect(await socket.next(({ event }) => event === 'alarm.acknowledged')).toMatchObject({
    data: { alarm: { id: interrupted?.id } },
  });
  expect((await kaibo.post('/api/monitor/alarms/nothing/ack', undefined, admin.headers)).body.code).toBe(
    'alarm_not_found',
  );

  // It is back.
  await kaibo.engine.publish(room.playId, keyOf(room as never));
  await expect
    .poll(() => {
      kaibo.wait(30_000);
      return toldOf(receiver)
        .filter(({ what }) => what === 'cleared')
        .map(({ kind }) => kind)
        .toSorted();
    }, SOON)
    .toEqual(['publish_failures', 'stream_interrupted']);
  await socket.next(({ event }) => event === 'alarm.cleared');
  const history = await kaibo.call('/api/monitor/alarms?state=cleared&kind=stream_interrupted', {
    headers: admin.headers,
  });
  expect(history.body['alarms']).toMatchObject([
    { id: interrupted?.id, clearedAt: expect.any(Number), acknowledged: { note: '在看了' } },
  ]);
  expect((await firingOf(kaibo, admin.headers)).map(({ kind }) => kind)).toEqual(['disk_low']);
  expect((await kaibo.get('/api/monitor/overview', admin.headers)).body['alarms']).toMatchObject([
    { kind: 'disk_low' },
  ]);

  // Silences.
  const silences = '/api/monitor/alarms/silences';
  const endsAt = Date.now() + 365 * 86_400_000;
  const made = await kaibo.post(silences, { kind: 'disk_*', endsAt, reason: '换硬盘' }, admin.headers);
  expect(made).toMatchObject({
    status: 201,
    body: { kind: 'disk_*', subject: '*', node: '*', createdBy: `user:${admin.id}` },
  });
  await expect.poll(() => firingOf(kaibo, admin.headers), SOON).toMatchObject([{ kind: 'disk_low', silenced: true }]);
  const { id } = made.body as unknown as Silence;
  expect(
    (await kaibo.call(`${silences}/${id}`, { method: 'PATCH', body: { reason: 'x' }, headers: admin.headers })).body,
  ).toMatchObject({ reason: 'x', endsAt });
  expect((await kaibo.get(silences, admin.headers)).body['silences']).toHaveLength(1);
  expect((await kaibo.delete(`${silences}/${id}`, admin.headers)).status).toBe(200);
  expect((await kaibo.delete(`${silences}/${id}`, admin.headers)).body.code).toBe('silence_not_found');
  expect((await kaibo.post(silences, { endsAt: 1, reason: 'x' }, admin.headers)).body.code).toBe('silence_over');
  expect((await kaibo.post(silences, { endsAt }, admin.headers)).body.code).toBe('invalid_request');

  // Channels, and what nobody is shown.
  const trial = (name: string) => kaibo.post(`/api/monitor/alarms/channels/${name}/test`, undefined, admin.headers);
  expect((await trial('ops')).body).toEqual({ delivered: true });
  expect(toldOf(receiver).at(-1)).toMatchObject({ what: 'trial' });
  expect((await trial('nobody')).body.code).toBe('alarm_channel_not_found');
  robots.broken = { status: 502, body: SECRET };
  expect((await trial('lark')).body).toEqual({ delivered: false, error: 'http_502' });
  const channels = await kaibo.get('/api/monitor/alarms/channels', admin.headers);
  expect(
    (channels.body['channels'] as AlarmChannel[]).map(({ name, target, language }) => [name, target, language]),
  ).toEqual([
    ['ops', `127.0.0.1:${receiver.port}`, 'en'],
    ['lark', new URL(robots.base).host, 'en'],
    ['mail', 'ops@example.org', 'zh'],
  ]);
  const notices = await kaibo.get('/api/notices', admin.headers);
  expect(notices.body['notices']).toMatchObject([
    { kind: 'system', data: { code: 'alarm', kind: 'stream_interrupted', subject: room.playId } },
    { kind: 'system', data: { code: 'alarm', kind: 'publish_failures' } },
  ]);
  expect((await kaibo.audit(admin)).map(({ action }) => action)).toEqual(
    expect.arrayContaining([
      'alarm.acknowledged',
      'alarm_silence.created',
      'alarm_silence.changed',
      'alarm_silence.ended',
    ]),
  );
  const metrics = await request(`http://127.0.0.1:${kaibo.kaibo.ports.metrics}/metrics`);
  expect(metrics.text).toContain('kaibo_alarms{kind="disk_low",level="critical"} 1');
  expect(metrics.text).toMatch(/kaibo_alarm_deliveries_total\{channel_type="webhook",outcome="delivered"\} [1-9]/);
  const config = await kaibo.get('/api/monitor/config', admin.headers);
  const shown = [
    kaibo.log.join(''),
    channels.text,
    metrics.text,
    config.text,
    JSON.stringify(await firingOf(kaibo, admin.headers)),
  ].join();
  for (const hush of [SECRET, robots.secret, 'feishu-token']) expect(shown).not.toContain(hush);
});

test('two nodes without their Redis both say so, and what is about all of them is one alarm of both', async () => {
  const redis = await RedisServer.start({ keepsData: true });
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const [receiver, people, database] = [await startReceiver(), new People(), await sharedDatabase()];
  const { headers } = people.add('operator', 'admin');
  const states: RedisStateCenter[] = [];
  const start = async (): Promise<TestKaibo> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
    states.push(state);
    onTestFinished(() => state.close());
    return startTest({
      ...{ database, state, authenticator: people, users: people },
      change: (config) => {
        config.alarms.groupSeconds = 0;
        config.alarms.allowPrivate = ['127.0.0.1'];
        config.alarms.rules = [
          { kind: 'state_unavailable', forSeconds: 0, clearAfterSeconds: 0 },
          { kind: 'dependency_down', clearAfterSeconds: 0 },
        ];
        const hook = { name: 'ops', type: 'webhook' as const, url: receiver.url, secret: SECRET };
        config.alarms.channels = [
          { ...hook, levels: ['critical'], kinds: ['state_*', 'node_*', 'dependency_*'], cleared: true },
        ];
      },
    });
  };
  const nodes = [await start(), await start()];
  // A third one spoke once, and never again.
  const ghost = {
    ...{
      id: 'ghost',
      name: 'web-3',
      version: '1',
      startedAt: 1,
      seenAt: 1,
      cpu: 0,
      cores: 1,
      rssBytes: 1,
      heapBytes: 1,
    },
    ...{ memoryTotalBytes: 1, memoryFreeBytes: 1, eventLoopDelayMs: 0, connections: 0, streams: 0, viewers: 0 },
    ...{ inBps: 0, outBps: 0, dependencies: [] },
  };
  const told = (kind: string, what: string): number =>
    toldOf(receiver).filter((one) => one.kind === kind && one.what === what).length;
  const firing = async (node: TestKaibo | undefined, kind: string): Promise<MonitorAlarm[]> =>
    node === undefined ? [] : firingOf(node, headers, `&kind=${kind}`);
  await states[0]?.publishEphemeral('monitor:nodes', 'node.sampled', { node: ghost, alarms: [], place: 'ghost' });
  for (const node of nodes)
    await expect.poll(() => firing(node, 'node_lost'), SOON).toMatchObject([{ subject: 'web-3', level: 'critical' }]);
  const [lost] = await firing(nodes[0], 'node_lost');
  const taken = await nodes[1]?.call(`/api/monitor/alarms/${lost?.id}/ack`, { method: 'POST', headers });
  expect(taken?.status).toBe(200);
  for (const node of nodes)
    await expect.poll(() => firing(node, 'node_lost'), SOON).toMatchObject([{ acknowledged: {} }]);
  await expect.poll(() => told('node_lost', 'fired'), SOON).toBe(1);

  // Each node says so, whatever it hears of the other.
  const nodesThatTold = (kind: string, what: string): number =>
    new Set(
      toldOf(receiver)
        .filter((one) => one.kind === kind && one.what === what)
        .map(({ node }) => node),
    ).size;
  await redis.kill();
  for (const kind of ['state_unavailable', 'dependency_down'])
    await expect.poll(() => nodesThatTold(kind, 'fired'), SOON).toBe(2);
  await redis.resume();
  for (const kind of ['state_unavailable', 'dependency_down'])
    await expect.poll(() => nodesThatTold(kind, 'cleared'), SOON).toBe(2);
  // Back it is, under another id, at the same place.
  const back = { node: { ...ghost, id: 'ghost-2' }, alarms: [], place: 'ghost' };
  await expect
    .poll(async () => {
      await states[0]?.publishEphemeral('monitor:nodes', 'node.sampled', back).catch(() => {});
      return (await firing(nodes[1], 'node_lost')).length;
    }, SOON)
    .toBe(0);
  await expect.poll(() => told('node_lost', 'cleared'), SOON).toBe(1);
  expect(told('node_lost', 'fired')).toBe(1);
});

async function sharedDatabase(): Promise<Database> {
  const { database, close } = await openDatabase({
    folder: tempFolder(),
    poolSize: 5,
    statementTimeoutMs: 10_000,
    logger,
  });
  onTestFinished(close);
  return database;
}
