import { expect, test } from 'vitest';
import { startTest, type Answer, type TestKaibo } from './harness.ts';

const PASSWORD = 'correct horse battery';
const bearer = (answer: Answer) => ({ authorization: `Bearer ${String(answer.body['accessToken'])}` });
const post = (body: unknown, headers: Record<string, string> = {}) => ({ method: 'POST', body, headers });
const cookiesOf = ({ headers }: Answer): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
const register = (kaibo: TestKaibo, username: string, more: object = {}) =>
  kaibo.call('/api/auth/register', post({ username, password: PASSWORD, ...more }));
const whoIs = async (kaibo: TestKaibo, headers: Record<string, string>) =>
  (await kaibo.call('/api/auth/verify', { headers })).body['user'];

async function start(): Promise<TestKaibo & { wait(ms: number): void }> {
  let nowMs = Date.now();
  const kaibo = await startTest({
    now: () => nowMs,
    change: (config) => {
      config.limits.loginPerMinute = 10_000;
    },
  });
  return { ...kaibo, wait: (ms) => void (nowMs += ms) };
}

test('of many who register first at once exactly one is the administrator', async () => {
  const kaibo = await start();
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => register(kaibo, `first${index}`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  const roles = answers.map(({ body }) => (body['user'] as { role: string }).role);
  expect(roles.filter((role) => role === 'admin')).toHaveLength(1);
});

test('from elsewhere the first account needs the set-up token', async () => {
  const kaibo = await start();
  const remote = { 'x-forwarded-for': '203.0.113.7' };
  const body = { username: 'ada', password: PASSWORD };
  const token = kaibo.kaibo.setup()?.token ?? '';
  expect(token.length).toBeGreaterThan(30);
  for (const setupToken of [undefined, 'wrong', `${token}x`])
    expect(await kaibo.call('/api/auth/register', post({ ...body, setupToken }, remote))).toMatchObject({
      status: 403,
      body: { code: 'setup_token_wrong' },
    });
  expect(await kaibo.call('/api/auth/register', post({ ...body, setupToken: token }, remote))).toMatchObject({
    status: 201,
    body: { user: { role: 'admin' } },
  });
  expect(kaibo.kaibo.setup()).toBeUndefined();
  expect(kaibo.log.join('')).not.toContain(token);
});

test('the page’s cookies are out of reach of scripts and of other sites', async () => {
  const kaibo = await start();
  const lines = (await register(kaibo, 'ada')).headers.getSetCookie();
  expect(lines.find((line) => line.startsWith('kaibo_access='))).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
  expect(lines.find((line) => line.startsWith('kaibo_refresh='))).toMatch(
    /; Path=\/api\/auth; HttpOnly; SameSite=Strict$/,
  );
  const cookie = lines.map((line) => line.split(';')[0]).join('; ');
  expect(await whoIs(kaibo, { cookie })).toMatchObject({ username: 'ada' });
  const evil = { cookie, 'sec-fetch-site': 'cross-site' };
  expect(await kaibo.call('/api/auth/logout-all', post({}, evil))).toMatchObject({ status: 401 });
  expect(await kaibo.call('/api/auth/refresh', post({}, evil))).toMatchObject({ status: 401 });
  expect(await kaibo.call('/api/auth/login', post({ username: 'ada', password: PASSWORD }, evil))).toMatchObject({
    status: 403,
    body: { code: 'cross_site' },
  });
  expect(await whoIs(kaibo, { cookie })).toMatchObject({ username: 'ada' });
});

test('a refresh token is good once; tabs at the same time are forgiven, a thief later ends the login', async () => {
  const kaibo = await start();
  const first = await register(kaibo, 'ada');
  const old = { cookie: cookiesOf(first) };
  const tabs = await Promise.all(Array.from({ length: 6 }, () => kaibo.call('/api/auth/refresh', post({}, old))));
  expect(tabs.map(({ status }) => status)).toEqual(tabs.map(() => 200));
  const renewed = tabs.filter((tab) => cookiesOf(tab).includes('kaibo_refresh='));
  expect(renewed).toHaveLength(1);
  kaibo.wait(21_000);
  expect(await kaibo.call('/api/auth/refresh', post({}, old))).toMatchObject({
    status: 401,
    body: { code: 'refresh_reused' },
  });
  const [rightful] = renewed;
  if (rightful === undefined) throw new Error('nobody was renewed');
  expect(await kaibo.call('/api/auth/refresh', post({}, { cookie: cookiesOf(rightful) }))).toMatchObject({
    status: 401,
    body: { code: 'invalid_token' },
  });
  expect(await whoIs(kaibo, bearer(rightful))).toBeNull();
  expect((await kaibo.call('/api/users/me', { headers: bearer(rightful) })).status).toBe(401);
});

test('logout, a ban and a lost role act at once', async () => {
  const kaibo = await start();
  const admin = bearer(await register(kaibo, 'boss'));
  const made = await register(kaibo, 'ada');
  const { id } = made.body['user'] as { id: string };
  const me = (headers: Record<string, string>) => kaibo.call('/api/users/me', { headers });
  expect((await me(bearer(made))).status).toBe(200);
  await kaibo.call('/api/auth/logout', post({}, bearer(made)));
  expect((await me(bearer(made))).body.code).toBe('invalid_token');
  const again = bearer(await kaibo.call('/api/auth/login', post({ username: 'ADA', password: PASSWORD })));
  const role = (value: string) =>
    kaibo.call(`/api/admin/users/${id}/role`, { method: 'PUT', body: { role: value }, headers: admin });
  expect((await role('admin')).status).toBe(200);
  expect((await kaibo.call('/api/admin/audit', { headers: again })).status).toBe(200);
  await role('user');
  expect((await kaibo.call('/api/admin/audit', { headers: again })).status).toBe(403);
  await kaibo.call(`/api/admin/users/${id}/ban`, post({ reason: 'spam' }, admin));
  expect((await me(again)).body.code).toBe('account_banned');
  const profile = await kaibo.call(`/api/users/${id}`);
  expect(profile.body['isBanned']).toBe(true);
  expect(profile.text).not.toContain('spam');
});

test('an unknown account is answered as a wrong password is, and guessing is slowed down', async () => {
  const kaibo = await start();
  await register(kaibo, 'ada');
  const guess = async (username: string) => {
    const { status, body, headers } = await kaibo.call('/api/auth/login', post({ username, password: 'wrong one' }));
    return [status, body.code, body.error, headers.get('retry-after')];
  };
  const [known, unknown] = [[] as unknown[], [] as unknown[]];
  for (let attempt = 0; attempt < 6; attempt++) {
    known.push(await guess('ada'));
    unknown.push(await guess('nobody-at-all'));
  }
  expect(unknown).toEqual(known);
  expect(known[0]).toEqual([401, 'bad_credentials', expect.any(String), null]);
  expect(known.at(-1)).toEqual([429, 'login_throttled', expect.any(String), '1']);
});

test('an API key does what its scopes say, is kept as a hash, and ends when it is deleted', async () => {
  const kaibo = await start();
  const owner = bearer(await register(kaibo, 'ada'));
  const made = await kaibo.call('/api/auth/keys', post({ name: 'obs', scopes: ['profile:read'] }, owner));
  const key = { authorization: `Bearer ${String(made.body['key'])}` };
  const me = await kaibo.call('/api/users/me', { headers: key });
  expect([me.status, me.body['streamKey']]).toEqual([200, undefined]);
  for (const [method, path] of [
    ['PUT', '/api/users/me'],
    ['POST', '/api/rooms'],
    ['POST', '/api/auth/logout-all'],
    ['GET', '/api/admin/users'],
  ] as const)
    expect([path, await kaibo.call(path, { method, headers: key, body: method === 'GET' ? undefined : {} })]).toEqual([
      path,
      expect.objectContaining({ status: 403, body: expect.objectContaining({ code: 'key_scope' }) }),
    ]);
  const listed = await kaibo.call('/api/auth/keys', { headers: owner });
  expect(listed.text).not.toContain(String(made.body['key']));
  await kaibo.call(`/api/auth/keys/${String(made.body['id'])}`, { method: 'DELETE', headers: owner });
  expect((await kaibo.call('/api/users/me', { headers: key })).body.code).toBe('invalid_token');
  expect(kaibo.log.join('')).not.toContain(String(made.body['key']));
});
