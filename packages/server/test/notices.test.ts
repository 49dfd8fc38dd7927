import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { connect, keyOf } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { INSIDE_HOSTS } from './support/inside-hosts.ts';
import { startReceiver } from './support/receiver.ts';

async function goLive(kaibo: AccountsKaibo, { headers }: Person): Promise<string> {
  const made = await kaibo.create({ title: '晚间直播' }, headers);
  await kaibo.engine.publish(made.playId, keyOf(made));
  return made.id;
}

const withReceivers = (): Promise<AccountsKaibo> =>
  startAccounts((config) => {
    config.webhooks.allowPrivate = ['127.0.0.1'];
  });

test('followers are told that somebody is live, and read it', async () => {
  const kaibo = await startAccounts();
  const [streamer, fan] = [await kaibo.person('streamer'), await kaibo.person('fan')];
  const socket = await connect(kaibo.base, { headers: fan.headers });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(({ type }) => type === 'snapshot');
  await kaibo.post(`/api/users/${streamer.id}/follow`, {}, fan.headers);
  const roomId = await goLive(kaibo, streamer);
  const { data } = await socket.next(({ event }) => event === 'notice.created');
  const about = { kind: 'live', data: { roomId, userId: streamer.id, username: 'streamer', title: '晚间直播' } };
  expect(data).toMatchObject({ unread: 1, notice: about });

  const list = await kaibo.get('/api/notices', fan.headers);
  expect(list.body).toMatchObject({ unread: 1, notices: [about] });
  const read = await kaibo.post('/api/notices/read', { all: true }, fan.headers);
  expect(read.body).toEqual({ unread: 0 });
  expect((await socket.next(({ event }) => event === 'notice.read')).data).toEqual({ unread: 0 });
  expect((await kaibo.get('/api/notices/unread', fan.headers)).body).toEqual({ unread: 0 });
  expect((await kaibo.get('/api/notices?unread=true', fan.headers)).body).toMatchObject({ notices: [] });
  expect((await kaibo.get('/api/notices', streamer.headers)).body).toMatchObject({ notices: [], unread: 0 });
});

test('preferences: what is switched off is not told, but for what the platform says', async () => {
  const kaibo = await startAccounts();
  const [streamer, fan] = [await kaibo.person('streamer'), await kaibo.person('fan')];
  await kaibo.post(`/api/users/${streamer.id}/follow`, {}, fan.headers);
  const off = { inApp: false, push: false };
  const changed = await kaibo.put('/api/notices/preferences', { live: off, system: off }, fan.headers);
  expect(changed.body).toMatchObject({ live: off, system: { inApp: true, push: false }, gift: { inApp: true } });
  const other = await kaibo.person('other');
  await kaibo.post(`/api/users/${streamer.id}/follow`, {}, other.headers);
  await goLive(kaibo, streamer);
  const unread = async ({ headers }: Person): Promise<unknown> =>
    (await kaibo.get('/api/notices/unread', headers)).body['unread'];
  await expect.poll(() => unread(other), { timeout: 15_000 }).toBe(1);
  // Both are told in one transaction.
  expect(await unread(fan)).toBe(0);
});

test('a webhook hears of its owner’s rooms, signed', async () => {
  const kaibo = await withReceivers();
  const { url, received } = await startReceiver();
  const [admin, streamer] = [await kaibo.person('admin'), await kaibo.person('streamer')];
  const made = await kaibo.post('/api/webhooks', { url, events: ['room.live', 'room.ended'] }, streamer.headers);
  expect(made.status, made.text).toBe(201);
  const { id, secret } = made.body as { id: string; secret: string };
  expect((await kaibo.get('/api/webhooks', streamer.headers)).text).not.toContain(secret);
  // Not of theirs.
  await goLive(kaibo, admin);
  const roomId = await goLive(kaibo, streamer);
  await kaibo.put(`/api/rooms/${roomId}`, { status: 'ended' }, streamer.headers);
  await expect.poll(() => received.length, { timeout: 15_000 }).toBe(2);
  const bodies = received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(bodies).toMatchObject([
    { event: 'room.live', channel: `room:${roomId}`, data: { id: roomId, status: 'live' } },
    { event: 'room.ended', channel: `room:${roomId}`, data: { id: roomId } },
  ]);
  const [first] = received;
  const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(first?.headers['x-kaibo-signature'])) ?? [];
  expect(Math.abs(Number(seconds) * 1000 - Date.now())).toBeLessThan(60_000);
  expect(signature).toBe(createHmac('sha256', secret).update(`${seconds}.${first?.body}`).digest('hex'));

  const deliveries = await kaibo.get(`/api/webhooks/${id}/deliveries?state=delivered`, streamer.headers);
  expect(deliveries.body['deliveries']).toHaveLength(2);
  expect((await kaibo.get(`/api/webhooks/${id}`, admin.headers)).status).toBe(404);
  const ping = await kaibo.post(`/api/webhooks/${id}/test`, {}, streamer.headers);
  expect(ping.body).toMatchObject({ event: 'ping', state: 'pending' });
  await expect.poll(() => received.at(-1)?.headers['x-kaibo-event'], { timeout: 15_000 }).toBe('ping');
  expect((await kaibo.delete(`/api/webhooks/${id}`, streamer.headers)).status).toBe(200);
  expect(kaibo.log.join('')).not.toContain(secret);
});

test('a platform webhook is the administrators’, and hears of every room', async () => {
  const kaibo = await withReceivers();
  const { url, received } = await startReceiver();
  const [admin, streamer] = [await kaibo.person('admin'), await kaibo.person('streamer')];
  const input = { url, events: ['*', 'chat.message'], platform: true };
  expect((await kaibo.post('/api/webhooks', input, streamer.headers)).body.code).toBe('forbidden');
  expect((await kaibo.post('/api/webhooks', input, admin.headers)).status).toBe(201);
  await kaibo.post(`/api/users/${streamer.id}/follow`, {}, admin.headers);
  const roomId = await goLive(kaibo, streamer);
  const events = (): string[] => received.map(({ headers }) => String(headers['x-kaibo-event']));
  await expect.poll(events, { timeout: 15_000 }).toEqual(['user.followed', 'room.created', 'room.live']);
  // The chat only where it is asked for, as here.
  await kaibo.post(`/api/rooms/${roomId}/chat`, { text: '晚上好' }, admin.headers);
  await expect.poll(() => received.at(-1)?.body, { timeout: 15_000 }).toContain('晚上好');
  expect(JSON.parse(received.at(-1)?.body ?? '')).toMatchObject({
    ...{ event: 'chat.message', channel: `chat:${roomId}`, data: { text: '晚上好', user: { id: admin.id } } },
  });
  // What the follower is told of it is theirs.
  await expect
    .poll(async () => (await kaibo.get('/api/notices/unread', admin.headers)).body['unread'], { timeout: 15_000 })
    .toBe(1);
  expect(events()).not.toContain('notice.created');
});

test('addresses that are not public are refused for webhooks and pushes', async () => {
  const kaibo = await startAccounts();
  const { headers } = await kaibo.person('somebody');
  const keys = { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) };
  const answers = [...INSIDE_HOSTS, '8.8.8.8:0', 'user:pw@8.8.8.8'].map(async (host) => {
    const hook = kaibo.post('/api/webhooks', { url: `http://${host}/x`, events: ['*'] }, headers);
    const push = kaibo.post('/api/push/subscriptions', { endpoint: `https://${host}/x`, keys }, headers);
    expect([host, (await hook).body.code, (await push).body.code]).toEqual([
      ...[host, 'webhook_url_refused', 'push_endpoint_refused'],
    ]);
  });
  await Promise.all(answers);
  const plain = { endpoint: 'http://push.example.org/x', keys };
  expect((await kaibo.post('/api/push/subscriptions', plain, headers)).status).toBe(400);
  for (const url of ['ftp://8.8.8.8/', 'file:///etc/passwd', 'gopher://8.8.8.8/'])
    expect((await kaibo.post('/api/webhooks', { url, events: ['*'] }, headers)).status).toBe(400);
});
