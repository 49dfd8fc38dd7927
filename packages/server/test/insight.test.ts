import { expect, test } from 'vitest';
import { connect, keyOf, type OwnedRoom } from './harness.ts';
import { startAccounts } from './support/accounts.ts';

test('a streamer sees how the broadcast goes and went, administrators too, and nobody else', async () => {
  const kaibo = await startAccounts((config) => (config.chat.burst = 100));
  const admin = await kaibo.person('admin');
  const streamer = await kaibo.person('streamer');
  const viewer = await kaibo.person('viewer');
  const made = await kaibo.post('/api/rooms', { title: '深夜厨房', isPrivate: true }, streamer.headers);
  const room = made.body as unknown as OwnedRoom;
  const summaryPath = `/api/rooms/${room.id}/summary`;
  expect((await kaibo.get(summaryPath, streamer.headers)).body.code).toBe('room_not_live');

  await kaibo.engine.publish(room.playId, keyOf(room));
  await expect.poll(async () => (await kaibo.get(summaryPath, streamer.headers)).status, { timeout: 10_000 }).toBe(200);
  const socket = await connect(kaibo.base, { headers: streamer.headers });
  socket.send({ type: 'subscribe', channel: `insight:${room.id}`, id: 1 });
  expect(await socket.next(({ type }) => type === 'snapshot')).toMatchObject({ data: { points: [] } });
  const play = await kaibo.get(`/api/rooms/${room.id}`, streamer.headers);
  const token = new URL(String((play.body['playUrls'] as { flv: string }).flv)).search;
  await kaibo.engine.play(room.playId, token);
  for (const text of ['大家好', '666']) await kaibo.post(`/api/rooms/${room.id}/chat`, { text }, streamer.headers);
  // The number of viewers is written down within 5 s, and what nodes carry is told every 4 s.
  const points = async () => {
    kaibo.wait(10_000);
    return (await kaibo.get(`/api/rooms/${room.id}/series`, admin.headers)).body['points'] as { viewers: number }[];
  };
  await expect
    .poll(async () => (await points()).at(-1), { timeout: 30_000, interval: 1500 })
    .toMatchObject({ viewers: 1, bitrateBps: 1_000_000, fps: 25 });
  expect(await socket.next(({ event }) => event === 'room.sampled')).toMatchObject({
    channel: `insight:${room.id}`,
    data: { at: expect.any(Number), viewers: expect.any(Number) },
  });
  for (const path of [summaryPath, `/api/rooms/${room.id}/series`]) {
    expect((await kaibo.get(path, viewer.headers)).status).toBe(403);
    expect((await kaibo.get(path)).status).toBe(403);
  }
  expect((await kaibo.get('/api/insight')).status).toBe(401);

  await kaibo.post(`/api/rooms/${room.id}/close`, {}, streamer.headers);
  kaibo.wait(60_000);
  const summary = async () => (await kaibo.get(summaryPath, admin.headers)).body;
  await expect
    .poll(summary, { timeout: 20_000, interval: 500 })
    .toMatchObject({ endedAt: expect.any(Number), peakViewers: 1, viewers: 1, messages: 2, chatters: 1 });
  const stepMs = async () => (await kaibo.get(`/api/rooms/${room.id}/series`, streamer.headers)).body['stepMs'];
  await expect.poll(stepMs, { timeout: 20_000, interval: 500 }).toBe(60_000);
  expect(Number((await summary())['watchMs'])).toBeGreaterThan(0);

  const insight = await kaibo.get('/api/insight?days=30', streamer.headers);
  expect(insight.body['days']).toHaveLength(30);
  expect((insight.body['days'] as object[]).at(-1)).toMatchObject({ broadcasts: 1, peakViewers: 1, messages: 2 });
  expect(insight.body['broadcasts']).toMatchObject([{ roomId: room.id, messages: 2, topSupporters: [] }]);
  expect((await kaibo.get('/api/insight', viewer.headers)).body['broadcasts']).toEqual([]);
  expect((await kaibo.get('/api/insight?days=8', viewer.headers)).status).toBe(400);
}, 90_000);
