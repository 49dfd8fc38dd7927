import { expect, test } from 'vitest';
import { cookiesOf, PASSWORD, startAccounts } from './support/accounts.ts';
import { keyOf, owner, startTest, type OwnedRoom } from './harness.ts';

const SECRET = 'live_1234567890_AbCdEf';
const URL = `rtmp://live.example.org/app/${SECRET}`;

async function startWithRoom(options?: Parameters<typeof startTest>[0], input?: Record<string, unknown>) {
  const platform = await startTest(options);
  const room = await platform.create(input);
  const call = (method: string, path = '', body?: unknown, headers: Record<string, string> = owner(room)) =>
    platform.call(`/api/rooms/${room.id}/relays${path}`, { method, body, headers });
  const add = async (body: Record<string, unknown> = { url: URL }) => {
    const answer = await call('POST', '', body);
    expect(answer.status).toBe(201);
    return String(answer.body['id']);
  };
  const list = async (headers?: Record<string, string>) =>
    JSON.parse((await call('GET', '', undefined, headers)).text) as Record<string, unknown>[];
  return { ...platform, room, relays: call, add, list };
}

const publish = ({ engine }: { engine: Awaited<ReturnType<typeof startTest>>['engine'] }, room: OwnedRoom) =>
  engine.publish(room.playId, keyOf(room));

test('a target is shown without its key, in no answer, log, event or entry of the audit trail', async () => {
  const kaibo = await startWithRoom();
  const added = await kaibo.relays('POST', '', { name: 'Twitch', url: URL });
  expect(added).toMatchObject({
    status: 201,
    body: {
      name: 'Twitch',
      url: 'rtmp://live.example.org/app/live_****',
      enabled: true,
      status: { state: 'idle', sentBytes: 0, bitrateBps: 0, attempts: 0 },
    },
  });
  await publish(kaibo, kaibo.room);
  await expect.poll(() => [...kaibo.engine.pushed.values()]).toMatchObject([{ url: URL, stream: kaibo.room.playId }]);
  const answers = [
    added.text,
    (await kaibo.relays('GET')).text,
    (await kaibo.call(`/api/rooms/${kaibo.room.id}`)).text,
    kaibo.log.join(''),
  ];
  answers.push((await kaibo.call(`/api/events?channels=room:${kaibo.room.id}`)).text);
  for (const text of answers) expect(text).not.toContain(SECRET);
});

test('what is published goes to the targets that are turned on, and changes take effect at once', async () => {
  const kaibo = await startWithRoom();
  const on = await kaibo.add();
  const off = await kaibo.add({ url: `${URL}2`, enabled: false });
  await publish(kaibo, kaibo.room);
  const pushed = () => [...kaibo.engine.pushed.values()].map(({ id, url }) => ({ id, url }));
  await expect.poll(pushed).toEqual([{ id: on, url: URL }]);
  expect(await kaibo.list()).toMatchObject([{ status: { state: 'pushing' } }, { status: { state: 'idle' } }]);
  await kaibo.relays('PATCH', `/${off}`, { enabled: true });
  await expect.poll(() => pushed().length).toBe(2);
  await kaibo.relays('PATCH', `/${on}`, { url: `${URL}3` });
  await expect.poll(() => pushed().find(({ id }) => id === on)?.url).toBe(`${URL}3`);
  await kaibo.relays('DELETE', `/${on}`);
  await expect.poll(pushed).toEqual([{ id: off, url: `${URL}2` }]);
  expect((await kaibo.relays('DELETE', `/${on}`)).body.code).toBe('relay_not_found');
  expect((await kaibo.relays('PATCH', `/${on}`, { enabled: true })).status).toBe(404);
  kaibo.engine.drop(kaibo.room.playId);
  await kaibo.relays('PATCH', `/${off}`, { name: 'renamed' });
  expect(pushed()).toHaveLength(1);
  await kaibo.call(`/api/rooms/${kaibo.room.id}/close`, { method: 'POST', headers: owner(kaibo.room) });
  await expect.poll(pushed).toEqual([]);
  expect(await kaibo.list()).toMatchObject([{ name: 'renamed', status: { state: 'idle' } }]);
});

test('a preview goes nowhere before it is made live', async () => {
  const kaibo = await startWithRoom({}, { autoLive: false });
  const on = await kaibo.add();
  await publish(kaibo, kaibo.room);
  await kaibo.add({ url: `${URL}2`, enabled: false });
  expect(kaibo.engine.pushed.size).toBe(0);
  const live = { method: 'PUT', body: { status: 'live' }, headers: owner(kaibo.room) };
  await expect
    .poll(async () => (await kaibo.call(`/api/rooms/${kaibo.room.id}`, live)).status, { timeout: 5000 })
    .toBe(200);
  await expect.poll(() => [...kaibo.engine.pushed.keys()], { timeout: 5000 }).toEqual([on]);
});

test('what keeps a stream from its target is said in the reader’s language', async () => {
  const kaibo = await startWithRoom();
  const id = await kaibo.add();
  await publish(kaibo, kaibo.room);
  await expect.poll(() => kaibo.engine.pushed.size).toBe(1);
  const push = kaibo.engine.pushed.get(id);
  if (push) Object.assign(push, { state: 'failed', lastError: { code: 'publish_rejected', message: 'of the engine' } });
  const inWords = async (language: string) => {
    const [relay] = await kaibo.list({ ...owner(kaibo.room), 'accept-language': language });
    return relay?.['status'];
  };
  expect(await inWords('en')).toMatchObject({
    state: 'failed',
    error: { code: 'publish_rejected', message: 'The server refused the stream: its key is wrong or in use' },
  });
  expect(await inWords('zh-CN')).toMatchObject({ error: { message: expect.stringContaining('密钥') } });
});

test('addresses that are none and more targets than may be are refused, in both languages', async () => {
  const kaibo = await startWithRoom({ change: (config) => (config.limits.relaysPerRoom = 2) });
  for (const url of ['http://host/app/key', 'rtmp://user:word@host/app/key', 'rtmp://host/app']) {
    const headers = { ...owner(kaibo.room), 'accept-language': 'en' };
    const { status, body, text } = await kaibo.relays('POST', '', { url }, headers);
    expect([status, body.code]).toEqual([400, 'invalid_relay_url']);
    expect(text).toContain('must be rtmp://');
    expect(text).not.toContain('word@');
  }
  await kaibo.add();
  const second = await kaibo.add();
  const third = await kaibo.relays('POST', '', { url: URL });
  expect([third.status, third.body.code, third.body.error]).toEqual([
    409,
    'too_many_relays',
    '该直播间的转推目标数量已达上限',
  ]);
  expect((await kaibo.relays('PATCH', `/${second}`, { url: 'ftp://host/a/b' })).status).toBe(400);
});

test('a peer-to-peer room has no stream to send', async () => {
  const kaibo = await startWithRoom({}, { mode: 'p2p' });
  expect((await kaibo.relays('POST', '', { url: URL })).body.code).toBe('not_supported');
});

test('targets are in the trail, an export and gone with the account', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  const room = await kaibo.create({ title: 'hers' }, ada.headers);
  const path = `/api/rooms/${room.id}/relays`;
  await kaibo.post(path, { url: URL }, ada.headers);
  const { body: added } = await kaibo.post(path, { url: `${URL}2`, name: 'second' }, boss.headers);
  await kaibo.delete(`${path}/${String(added['id'])}`, boss.headers);
  const trail = await kaibo.audit(boss, `?subject=room:${room.id}`);
  expect(trail).toMatchObject([
    { actor: `user:${boss.id}`, action: 'relay.removed', details: { as: 'admin' } },
    { actor: `user:${boss.id}`, action: 'relay.added', details: { as: 'admin' } },
    { actor: `user:${ada.id}`, action: 'relay.added', details: { server: 'rtmp://live.example.org/app/live_****' } },
    { action: 'room.created' },
  ]);
  const exported = await kaibo.get('/api/users/me/export', ada.headers);
  expect(exported.body['relays']).toMatchObject([{ playId: room.playId, enabled: true }]);
  for (const text of [exported.text, JSON.stringify(trail)]) expect(text).not.toContain(SECRET);
  const cookie = cookiesOf(await kaibo.login('ada'));
  expect((await kaibo.delete('/api/users/me', { cookie }, { password: PASSWORD })).status).toBe(200);
  expect(JSON.parse((await kaibo.get(path, boss.headers)).text)).toEqual([]);
});
