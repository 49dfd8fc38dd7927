import { expect, test } from 'vitest';
import { cookiesOf, PASSWORD, startAccounts } from './support/accounts.ts';

test('an account that is deleted leaves nothing open, and its name is free again', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada', { email: 'ada@example.org' });
  const { body: key } = await kaibo.post('/api/auth/keys', { name: 'obs', scopes: ['rooms:write'] }, ada.headers);
  const room = await kaibo.create({ title: 'hers' }, ada.headers);
  await kaibo.post(`/api/users/${boss.id}/follow`, {}, ada.headers);
  await kaibo.post(`/api/users/${ada.id}/follow`, {}, boss.headers);
  const login = await kaibo.login('ada');
  const cookie = cookiesOf(login);
  expect(await kaibo.delete('/api/users/me', ada.headers, { password: 'not the password' })).toMatchObject({
    status: 403,
    body: { code: 'wrong_password' },
  });
  expect((await kaibo.get('/api/users/me', ada.headers)).status).toBe(200);
  const gone = await kaibo.delete('/api/users/me', { cookie }, { password: PASSWORD });
  expect(gone.status).toBe(200);
  expect(gone.headers.getSetCookie().join()).toMatch(/kaibo_access=;.*kaibo_refresh=;/);

  expect((await kaibo.room(room.id)).status).toBe('ended');
  expect((await kaibo.room(room.id)).owner).toBeUndefined();
  for (const token of [ada.token, String(key['key'])])
    expect((await kaibo.get('/api/users/me', { authorization: `Bearer ${token}` })).status).toBe(401);
  expect((await kaibo.post('/api/auth/refresh', {}, { cookie })).status).toBe(401);
  expect((await kaibo.login('ada')).body.code).toBe('bad_credentials');
  expect((await kaibo.get(`/api/users/${ada.id}`)).status).toBe(404);
  expect((await kaibo.get('/api/users/boss')).body).toMatchObject({ followerCount: 0, followingCount: 0 });
  const audit = await kaibo.audit(boss, `?subject=user:${ada.id}&action=user.deleted`);
  expect(audit).toMatchObject([{ actor: `user:${ada.id}` }]);

  const again = await kaibo.person('ada', { email: 'ada@example.org' });
  expect(again.id).not.toBe(ada.id);
  expect((await kaibo.get('/api/users/me', again.headers)).body).toMatchObject({ followerCount: 0 });
});

test('an account that is deleted ends its stream', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  const { body } = await kaibo.get('/api/users/me', ada.headers);
  const [playId = '', param] = String(body['streamKey']).split('?');
  await kaibo.engine.publish(playId, `?${param}`);
  await expect.poll(async () => (await kaibo.get('/api/users/ada')).body['room']).toBeDefined();
  await kaibo.delete('/api/users/me', ada.headers, { password: PASSWORD });
  await expect.poll(async () => kaibo.engine.streams()).toEqual([]);
  expect((await kaibo.engine.publish(playId, `?${param}`)).action).not.toBe('publish');
});

test('an export holds what is kept of the account, and no secret', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada', { email: 'ada@example.org', name: '艾达' });
  const { body: key } = await kaibo.post('/api/auth/keys', { name: 'obs', scopes: ['rooms:write'] }, ada.headers);
  const room = await kaibo.create({ title: 'hers' }, ada.headers);
  await kaibo.post(`/api/users/${boss.id}/follow`, {}, ada.headers);
  await kaibo.put('/api/users/me', { bio: 'about me' }, ada.headers);
  const me = (await kaibo.get('/api/users/me', ada.headers)).body;
  const login = await kaibo.login('ada');
  const answer = await kaibo.get('/api/users/me/export', ada.headers);
  expect(answer.headers.get('content-disposition')).toContain('attachment');
  expect(answer.body).toMatchObject({
    account: { id: ada.id, username: 'ada', name: '艾达', bio: 'about me', email: 'ada@example.org' },
    sessions: [{ address: '127.0.0.1' }, { address: '127.0.0.1' }],
    apiKeys: [{ name: 'obs', scopes: ['rooms:write'] }],
    follows: { following: [boss.id], followers: [] },
    rooms: { rooms: [{ id: room.id, title: 'hers' }] },
  });
  const secrets = [
    ...[PASSWORD, ada.token, String(key['key'])],
    ...[me['streamKey'], room.streamKey].map((text) => String(text).split('key=')[1] ?? ''),
    ...cookiesOf(login)
      .split('; ')
      .map((cookie) => cookie.split('=')[1] ?? ''),
  ];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    expect(answer.text).not.toContain(secret);
  }
  expect(answer.text).not.toMatch(/argon2|_hash|secret/);
});
