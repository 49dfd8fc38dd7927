import { expect, test } from 'vitest';
import type { Config } from '../src/app/config.ts';
import type { Recording } from '../src/modules/recording/contract.ts';
import { connect, keyOf, type OwnedRoom } from './harness.ts';
import { personOf, startAccounts, type Person } from './support/accounts.ts';

const FAST = { timeout: 20_000, interval: 50 };

/** An administrator, and rooms of theirs that are recorded; a file of a recording has about 25 kB. */
async function startWithRooms(change?: (config: Config) => void) {
  const kaibo = await startAccounts(change);
  const boss = await kaibo.person('boss');
  const open = async (): Promise<OwnedRoom> => {
    const room = await kaibo.create({ title: 'room', recording: 'always' }, boss.headers);
    await kaibo.engine.publish(room.playId, keyOf(room));
    return room;
  };
  const running = () => [...kaibo.engine.recorder.running.keys()];
  const all = async () =>
    JSON.parse((await kaibo.get(`/api/recordings?userId=${boss.id}`, boss.headers)).text) as Recording[];
  /** A broadcast that is over. */
  const record = async (): Promise<string> => {
    const room = await open();
    await expect.poll(() => running().length, FAST).toBe(1);
    const [id = ''] = running();
    kaibo.engine.finish(room.playId);
    await expect.poll(async () => (await all()).find((recording) => recording.id === id)?.state, FAST).toBe('ready');
    // The next one is younger by more than its clock shows.
    kaibo.wait(1000);
    return id;
  };
  const storage = async () => (await kaibo.get('/api/admin/storage', boss.headers)).body;
  return { ...kaibo, boss, open, running, all, record, storage, alarms: await listen(kaibo.base, boss) };
}

async function listen(base: string, { headers }: Person) {
  const socket = await connect(base, { headers });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(({ type }) => type === 'snapshot');
  return async () => (await socket.next(({ event }) => event === 'recording.alarm')).data;
}

test('over the quota the oldest go, unpublished ones first; then recording stops with an alarm, and live goes on', async () => {
  // Three recordings fit, and a part of a fourth.
  const kaibo = await startWithRooms((config) => (config.recording.totalQuotaBytes = 270_000));
  kaibo.engine.recorder.seconds = 30;
  const first = await kaibo.record();
  await kaibo.call(`/api/recordings/${first}`, {
    method: 'PATCH',
    body: { published: true },
    headers: kaibo.boss.headers,
  });
  const second = await kaibo.record();
  const third = await kaibo.record();
  expect((await kaibo.all()).map(({ id }) => id).toSorted()).toEqual([first, second, third].toSorted());
  const fourth = await kaibo.record();
  await expect.poll(async () => (await kaibo.all()).map(({ id }) => id), FAST).toEqual([fourth, third, first]);
  const room = await kaibo.open();
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  const [id = ''] = kaibo.running();
  for (let file = 0; file < 5; file++) kaibo.engine.recorder.closeFile(id);
  expect(await kaibo.alarms()).toMatchObject({ code: 'total_quota', on: true });
  await expect.poll(() => kaibo.running(), FAST).toEqual([]);
  expect((await kaibo.room(room.id)).status).toBe('live');
  // Its own broadcast's recording is not what makes room for it.
  expect((await kaibo.all()).map((recording) => recording.id)).toEqual([id]);
  expect(await kaibo.storage()).toMatchObject({ alarms: [{ code: 'total_quota' }], totalQuotaBytes: 270_000 });
  const metrics = await fetch(`http://127.0.0.1:${kaibo.kaibo.ports.metrics}/metrics`);
  expect(await metrics.text()).toMatch(/kaibo_recording_alarm\{code="total_quota"\} 1/);
  // The room's end makes it one that may go.
  kaibo.engine.finish(room.playId);
  expect(await kaibo.alarms()).toMatchObject({ code: 'total_quota', on: false });
});

test('a full quota of one room is its owner’s alarm, and the others are recorded', async () => {
  const kaibo = await startWithRooms((config) => (config.recording.roomQuotaBytes = 100_000));
  const room = await kaibo.open();
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  const [id = ''] = kaibo.running();
  for (let file = 0; file < 5; file++) kaibo.engine.recorder.closeFile(id);
  expect(await kaibo.alarms()).toMatchObject({ code: 'room_quota', subject: room.playId, on: true });
  await expect.poll(() => kaibo.running(), FAST).toEqual([]);
  await kaibo.open();
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
});

test('on a full disk nothing is recorded, and live goes on; what is too old goes; the forecast says when', async () => {
  const limits: Config['recording'][] = [];
  const kaibo = await startWithRooms((config) => {
    config.recording.keepDays = 7;
    limits.push(config.recording);
  });
  const id = await kaibo.record();
  const { forecast, rooms, usedBytes } = await kaibo.storage();
  const sizeBytes = (await kaibo.all())[0]?.sizeBytes;
  expect(rooms).toMatchObject([{ recordings: 1, sizeBytes }]);
  expect(usedBytes).toBe(sizeBytes);
  expect(forecast).toMatchObject({ bytesPerDay: sizeBytes });
  expect((forecast as { daysUntilFull: number }).daysUntilFull).toBeGreaterThan(1);
  for (const options of limits) options.minFreeBytes = Number.MAX_SAFE_INTEGER;
  expect(await kaibo.alarms()).toMatchObject({ code: 'disk_low', on: true });
  // It made room for what did not suffice.
  expect((await kaibo.get(`/api/recordings/${id}`, kaibo.boss.headers)).status).toBe(404);
  const room = await kaibo.open();
  await expect.poll(async () => (await kaibo.room(room.id)).status, FAST).toBe('live');
  expect(kaibo.running()).toEqual([]);
  for (const options of limits) options.minFreeBytes = 0;
  expect(await kaibo.alarms()).toMatchObject({ code: 'disk_low', on: false });
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  kaibo.engine.finish(room.playId);
  await expect.poll(async () => (await kaibo.all()).map(({ state }) => state), FAST).toEqual(['ready']);
  kaibo.wait(8 * 86_400_000);
  const { headers } = personOf(await kaibo.login('boss'));
  const left = async () => (await kaibo.get(`/api/recordings?userId=${kaibo.boss.id}`, headers)).text;
  await expect.poll(left, FAST).toBe('[]');
});
