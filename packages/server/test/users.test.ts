import { expect, test } from 'vitest';
import { connect } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { keepPicture } from './support/file-people.ts';
import { jpegOf } from './support/picture-corpus.ts';

async function start(): Promise<{ kaibo: AccountsKaibo; ada: Person; ben: Person }> {
  const kaibo = await startAccounts();
  await kaibo.person('boss');
  return { kaibo, ada: await kaibo.person('ada'), ben: await kaibo.person('ben') };
}

const namesIn = (text: string): string[] =>
  (JSON.parse(text) as { username: string }[]).map(({ username }) => username);

test('a profile is found by id and by user name, and shows nothing that is not public', async () => {
  const { kaibo, ben } = await start();
  const ada = await kaibo.person('Ｃleo', { name: '克莉奥', email: 'cleo@example.org' });
  const byId = await kaibo.get(`/api/users/${ada.id}`);
  expect(byId.body).toEqual({
    id: ada.id,
    username: 'Cleo',
    name: '克莉奥',
    bio: '',
    followerCount: 0,
    followingCount: 0,
    isFollowing: false,
    createdAt: expect.any(Number),
  });
  for (const name of ['cleo', 'CLEO', 'Ｃleo'])
    expect((await kaibo.get(`/api/users/${encodeURIComponent(name)}`)).body).toEqual(byId.body);
  for (const reader of [{}, ben.headers])
    expect((await kaibo.get(`/api/users/${ada.id}`, reader)).text).not.toMatch(/example\.org|streamKey|playId/);
  expect(await kaibo.get('/api/users/nobody')).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
});

test('name, bio, avatar and mail address are changed one by one, and taken away', async () => {
  const { kaibo, ada, ben } = await start();
  const change = (body: object) => kaibo.put('/api/users/me', body, ada.headers);
  expect((await change({ name: '  艾达  ' })).body).toMatchObject({ name: '艾达', bio: '' });
  expect((await change({ bio: 'one\ntwo' })).body).toMatchObject({ name: '艾达', bio: 'one\ntwo' });
  const { url: avatar } = await keepPicture(kaibo, await jpegOf(), { headers: ada.headers });
  expect((await change({ avatar })).body).toMatchObject({ avatar });
  expect((await change({ email: 'Ada@Example.org' })).body).toMatchObject({ email: 'Ada@Example.org' });
  expect(await kaibo.put('/api/users/me', { email: 'ada@EXAMPLE.org' }, ben.headers)).toMatchObject({
    status: 409,
    body: { code: 'email_taken' },
  });
  const bare = (await change({ avatar: null, email: null })).body;
  expect([bare['avatar'], bare['email'], bare['bio']]).toEqual([undefined, undefined, 'one\ntwo']);
  expect((await kaibo.put('/api/users/me', { email: 'ada@EXAMPLE.org' }, ben.headers)).status).toBe(200);
});

test.each([
  ['name', 'x'.repeat(50), 200],
  ['name', 'x'.repeat(51), 400],
  ['name', '   ', 400],
  ['name', null, 400],
  ['bio', 'x'.repeat(500), 200],
  ['bio', 'x'.repeat(501), 400],
  ['bio', '', 200],
  ['avatar', `http://127.0.0.1/${'x'.repeat(2031)}`, 422],
  ['avatar', `http://127.0.0.1/${'x'.repeat(2032)}`, 400],
  ['avatar', '/pictures/ada.png', 422],
  ['avatar', 'javascript:alert(1)', 400],
  ['avatar', 'data:image/png;base64,AAAA', 400],
  ['avatar', '//evil.example/x.png', 400],
  ['avatar', '', 400],
  ['email', 'no address', 400],
  ['email', `${'x'.repeat(250)}@example.org`, 400],
])('%s %j is answered %i', async (field, value, status) => {
  const { kaibo, ada } = await start();
  const answer = await kaibo.put('/api/users/me', { [field]: value }, ada.headers);
  expect(answer.status).toBe(status);
  if (status === 400) {
    expect(answer.body).toMatchObject({ code: 'invalid_request', error: expect.stringContaining(field) });
    expect((await kaibo.get('/api/users/me', ada.headers)).body['name']).toBe('ada');
  } else if (status === 200) expect(answer.body[field]).toBe(value);
});

test('following twice is following once, and so is the end of it', async () => {
  const { kaibo, ada, ben } = await start();
  const path = `/api/users/${ben.id}/follow`;
  const seen = async (): Promise<unknown[]> => {
    const { body } = await kaibo.get(`/api/users/${ben.id}`, ada.headers);
    return [body['followerCount'], body['isFollowing']];
  };
  for (let again = 0; again < 2; again++) expect((await kaibo.post(path, {}, ada.headers)).status).toBe(200);
  expect(await seen()).toEqual([1, true]);
  expect((await kaibo.get('/api/users/me', ada.headers)).body).toMatchObject({ followerCount: 0, followingCount: 1 });
  for (let again = 0; again < 2; again++) expect((await kaibo.delete(path, ada.headers)).status).toBe(200);
  expect(await seen()).toEqual([0, false]);
  expect(await kaibo.post(`/api/users/${ada.id}/follow`, {}, ada.headers)).toMatchObject({
    body: { code: 'cannot_follow_self' },
  });
  expect((await kaibo.post('/api/users/nobody/follow', {}, ada.headers)).status).toBe(404);
  expect((await kaibo.delete('/api/users/nobody/follow', ada.headers)).status).toBe(404);
});

test('followers and following come in pages, the newest first, with their number and the neighbouring pages', async () => {
  const { kaibo, ada } = await start();
  const fans: Person[] = [];
  for (let index = 0; index < 5; index++) {
    const fan = await kaibo.person(`fan${index}`);
    kaibo.wait(1000);
    await kaibo.post(`/api/users/${ada.id}/follow`, {}, fan.headers);
    fans.push(fan);
  }
  const path = `/api/users/${ada.id}/followers`;
  const page = await kaibo.get(`${path}?page=2&pageSize=2`);
  expect(namesIn(page.text)).toEqual(['fan2', 'fan1']);
  expect(page.headers.get('x-total-count')).toBe('5');
  expect(page.headers.get('link')?.split(', ')).toEqual([
    `<${path}?page=1&pageSize=2>; rel="first"`,
    `<${path}?page=1&pageSize=2>; rel="prev"`,
    `<${path}?page=3&pageSize=2>; rel="next"`,
    `<${path}?page=3&pageSize=2>; rel="last"`,
  ]);
  expect(namesIn((await kaibo.get(`${path}?page=3&pageSize=2`)).text)).toEqual(['fan0']);
  expect(namesIn((await kaibo.get(`${path}?page=9&pageSize=2`)).text)).toEqual([]);
  expect(namesIn((await kaibo.get(path)).text)).toHaveLength(5);
  const [first] = fans;
  const following = await kaibo.get(`/api/users/${first?.id}/following`);
  expect([namesIn(following.text), following.headers.get('x-total-count')]).toEqual([['ada'], '1']);
  for (const query of ['page=0', 'pageSize=201', 'page=x', 'pageSize=-1'])
    expect((await kaibo.get(`${path}?${query}`)).status).toBe(400);
  expect((await kaibo.get('/api/users/nobody/followers')).status).toBe(404);
});

test('a profile shows the public room in which its owner is live, without the key', async () => {
  const { kaibo, ada } = await start();
  const { body: me } = await kaibo.get('/api/users/me', ada.headers);
  const [playId, param] = String(me['streamKey']).split('?');
  expect(playId).toBe(me['playId']);
  const profile = async () => kaibo.get('/api/users/ada');
  expect((await profile()).body['room']).toBeUndefined();
  expect((await kaibo.engine.publish(String(playId), `?${param}`)).action).toBe('publish');
  await expect
    .poll(async () => (await profile()).body['room'])
    .toMatchObject({ status: 'live', playId, owner: { id: ada.id, username: 'ada', name: 'ada' } });
  const { text, body } = await profile();
  expect(text).not.toContain(String(param).slice('key='.length));
  const { id } = body['room'] as { id: string };
  await kaibo.put(`/api/rooms/${id}`, { isPrivate: true }, ada.headers);
  expect((await profile()).body['room']).toBeUndefined();
});

test('a new stream key cuts who publishes by the old one', async () => {
  const { kaibo, ada } = await start();
  const keyOf = (body: Record<string, unknown>): string => String(body['streamKey']);
  const old = keyOf((await kaibo.get('/api/users/me', ada.headers)).body);
  const [playId = '', param] = old.split('?');
  await kaibo.engine.publish(playId, `?${param}`);
  await expect.poll(async () => (await kaibo.engine.streams())[0]?.state).toBe('publishing');
  const fresh = keyOf((await kaibo.post('/api/users/me/stream-key', {}, ada.headers)).body);
  expect(fresh.split('?')[0]).toBe(playId);
  expect(fresh).not.toBe(old);
  await expect.poll(async () => (await kaibo.engine.streams())[0]?.state).toBe('interrupted');
  expect((await kaibo.engine.publish(playId, `?${param}`)).action).not.toBe('publish');
  expect((await kaibo.engine.publish(playId, `?${fresh.split('?')[1]}`)).action).toBe('publish');
  const everything = kaibo.log.join('');
  for (const key of [old, fresh]) expect(everything).not.toContain(key.split('key=')[1]);
});

test('who is followed hears of it on their own channel, once, and nobody else does', async () => {
  const { kaibo, ada, ben } = await start();
  const open = async ({ token }: Person) => {
    const socket = await connect(kaibo.base, {}, `/ws?token=${token}`);
    socket.send({ type: 'subscribe', channel: 'user' });
    await socket.next(({ type }) => type === 'snapshot');
    return socket;
  };
  const [sockets, others] = [await open(ben), await open(ada)];
  for (let again = 0; again < 2; again++) await kaibo.post(`/api/users/${ben.id}/follow`, {}, ada.headers);
  const told = await sockets.next(({ type }) => type === 'event');
  expect(told).toMatchObject({
    channel: 'user',
    event: 'user.followed',
    data: { follower: { id: ada.id, username: 'ada', name: 'ada' } },
  });
  // The second one would have come before this.
  await kaibo.post(`/api/users/${ada.id}/follow`, {}, ben.headers);
  await others.next(({ event }) => event === 'user.followed');
  expect(sockets.messages.filter(({ type }) => type === 'event')).toEqual([]);
});
