import { expect, test } from 'vitest';
import { cookiesOf, PASSWORD, personOf, startAccounts } from './support/accounts.ts';

test('failed logins are written down by the account, now and then, and never as they were typed', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  const typed = 'my secret typed as a name';
  for (let guess = 0; guess < 25; guess++) {
    await kaibo.login('ada', 'not the password');
    if (guess < 12) await kaibo.login(typed, 'not the password');
    kaibo.wait(30 * 60_000);
  }
  // Hours have passed: the first login is over.
  const failed = await kaibo.audit(personOf(await kaibo.login('boss')), '?action=login.failed');
  const of = (subject: string): unknown[] =>
    failed.filter((entry) => entry['subject'] === subject).map(({ details }) => details);
  expect(of(`user:${ada.id}`)).toEqual([{ failures: 20 }, { failures: 10 }, { failures: 5 }]);
  expect(of('user:unknown')).toEqual([{ failures: 10 }, { failures: 5 }]);
  expect(failed[0]).toMatchObject({ actor: 'anonymous', address: '127.0.0.1' });
  expect(JSON.stringify(failed)).not.toContain(typed);
});

test('the trail is read page by page, and by actor, action and subject', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  for (let round = 0; round < 5; round++) await kaibo.put('/api/users/me', { bio: `${round}` }, ada.headers);
  await kaibo.post(`/api/admin/users/${ada.id}/ban`, { reason: 'spam' }, boss.headers);
  const all = await kaibo.audit(boss);
  const seqs = all.map(({ seq }) => Number(seq));
  expect(seqs).toEqual(seqs.toSorted((a, b) => b - a));
  const paged: unknown[] = [];
  for (let before = ''; ; before = `&before=${String((paged.at(-1) as { seq: number }).seq)}`) {
    const page = await kaibo.audit(boss, `?limit=3${before}`);
    if (page.length === 0) break;
    expect(page.length).toBeLessThanOrEqual(3);
    paged.push(...page);
  }
  expect(paged).toEqual(all);
  const by = async (query: string) => (await kaibo.audit(boss, query)).map(({ action }) => action);
  expect(await by(`?actor=user:${ada.id}`)).toEqual([
    ...Array.from({ length: 5 }, () => 'user.updated'),
    'session.began',
  ]);
  expect(await by('?action=user.banned')).toEqual(['user.banned']);
  expect(await by(`?subject=user:${ada.id}&actor=user:${boss.id}`)).toEqual(['user.banned']);
  expect(await by('?actor=nobody')).toEqual([]);
  for (const query of ['?limit=0', '?limit=501', '?before=0', '?before=x'])
    expect((await kaibo.get(`/api/admin/audit${query}`, boss.headers)).status).toBe(400);
});

test('neither the trail nor the log holds any secret, nor does the use of an API key fill it', async () => {
  const kaibo = await startAccounts();
  const [wrong, next] = ['a wrong guess of hers', 'a quite different one'];
  const setupToken = kaibo.kaibo.setup()?.token ?? '';
  const boss = await kaibo.person('boss', { setupToken });
  const ada = await kaibo.person('ada', { email: 'ada@example.org' });
  const { body: key } = await kaibo.post('/api/auth/keys', { name: 'obs', scopes: ['profile:read'] }, ada.headers);
  const apiKey = String(key['key']);
  const before = (await kaibo.audit(boss)).length;
  for (let use = 0; use < 5; use++)
    expect((await kaibo.get('/api/users/me', { authorization: `Bearer ${apiKey}` })).status).toBe(200);
  expect(await kaibo.audit(boss)).toHaveLength(before);

  const login = await kaibo.login('ada');
  for (let guess = 0; guess < 6; guess++) await kaibo.login('ada', wrong);
  const refreshed = await kaibo.post('/api/auth/refresh', {}, { cookie: cookiesOf(login) });
  const streamKeys = [
    await kaibo.get('/api/users/me', ada.headers),
    await kaibo.post('/api/users/me/stream-key', {}, ada.headers),
  ].map(({ body }) => String(body['streamKey']).split('key=')[1] ?? '');
  const room = await kaibo.create({ title: 'hers' }, ada.headers);
  await kaibo.put('/api/auth/password', { current: PASSWORD, new: next }, ada.headers);
  const { body: link } = await kaibo.post(`/api/admin/users/${ada.id}/reset-link`, {}, boss.headers);
  const resetToken = new URL(String(link['url'])).searchParams.get('token') ?? '';
  await kaibo.post('/api/auth/reset/confirm', { token: resetToken, password: `${next} again` });
  await kaibo.post('/api/admin/token-keys/rotate', {}, boss.headers);
  await kaibo.get(`/api/users/me?token=${ada.token}`);

  const cookies = [login, refreshed].flatMap((answer) =>
    cookiesOf(answer)
      .split('; ')
      .map((cookie) => cookie.split('=')[1] ?? ''),
  );
  const secrets = [
    ...[PASSWORD, wrong, next, setupToken, ada.token, boss.token, apiKey, resetToken, ...streamKeys, ...cookies],
    room.streamKey.split('key=')[1] ?? '',
  ];
  const trail = (await kaibo.get('/api/admin/audit?limit=500', boss.headers)).text;
  const log = kaibo.log.join('');
  expect(trail).toContain('user.password_changed');
  expect(log).toContain('/api/auth/login');
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(15);
    expect(trail).not.toContain(secret);
    expect(log).not.toContain(secret);
  }
});
