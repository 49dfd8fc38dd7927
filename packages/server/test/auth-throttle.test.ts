import { expect, test } from 'vitest';
import { PASSWORD, startAccounts } from './support/accounts.ts';

const WRONG = 'not the password';
const remote = (address: string) => ({ 'x-forwarded-for': address });

test('guessing the password of who is logged in is slowed down, by whichever door', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  const remove = (password: string) => kaibo.delete('/api/users/me', ada.headers, { password });
  const change = (current: string) =>
    kaibo.put('/api/auth/password', { current, new: 'a quite different one' }, ada.headers);
  for (let guess = 0; guess < 5; guess++) expect((await remove(WRONG)).body.code).toBe('wrong_password');
  for (const answer of [await remove(PASSWORD), await change(PASSWORD), await change(WRONG)])
    expect(answer).toMatchObject({ status: 429, body: { code: 'login_throttled' } });
  kaibo.wait(1001);
  expect((await change(PASSWORD)).status).toBe(200);
  expect((await remove('a quite different one')).status).toBe(200);
});

test('the seconds that are named are those that are left', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('ada');
  for (let guess = 0; guess < 5 + 6; guess++) {
    await kaibo.login('ada', WRONG);
    kaibo.wait(guess < 10 ? 33_000 : 0);
  }
  // After the eleventh failure the wait is 2^6 s.
  const refused = await kaibo.login('ada');
  expect([refused.status, refused.headers.get('retry-after'), refused.body.error]).toEqual([
    429,
    '64',
    expect.stringContaining('64'),
  ]);
  kaibo.wait(50_000);
  const later = await kaibo.login('ada');
  expect([later.headers.get('retry-after'), later.body.error]).toEqual(['14', expect.stringContaining('14')]);
  kaibo.wait(14_001);
  expect((await kaibo.login('ada')).status).toBe(200);
});

test('trying tokens of reset links is slowed down for the address that tries, longer and longer', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const { body } = await kaibo.post(`/api/admin/users/${boss.id}/reset-link`, {}, boss.headers);
  const token = new URL(String(body['url'])).searchParams.get('token');
  const confirm = (given: unknown, address: string) =>
    kaibo.post('/api/auth/reset/confirm', { token: given, password: 'a quite different one' }, remote(address));
  const guess = () => confirm('x'.repeat(43), '203.0.113.7');
  for (let attempt = 0; attempt < 10; attempt++) expect((await guess()).body.code).toBe('reset_invalid');
  const waits: (string | null)[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const { status, headers } = await confirm(token, '203.0.113.7');
    expect(status).toBe(429);
    waits.push(headers.get('retry-after'));
    kaibo.wait(Number(waits.at(-1)) * 1000 + 1);
    expect((await guess()).body.code).toBe('reset_invalid');
  }
  expect(waits).toEqual(['1', '2', '4', '8']);
  expect((await confirm(token, '198.51.100.1')).status).toBe(200);
});

test('making accounts is slowed down for the address that makes them, and not on this machine', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('boss');
  const register = (name: string, address: string) =>
    kaibo.post('/api/auth/register', { username: name, password: PASSWORD }, remote(address));
  for (let index = 0; index < 20; index++)
    // Names that are taken are asked for as well.
    expect((await register(index % 2 === 0 ? `pupil${index}` : 'boss', '203.0.113.7')).status).not.toBe(429);
  const refused = await register('one-more', '203.0.113.7');
  expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
    429,
    'login_throttled',
    '1',
  ]);
  expect((await register('elsewhere', '198.51.100.1')).status).toBe(201);
  kaibo.wait(1001);
  expect((await register('one-more', '203.0.113.7')).status).toBe(201);
  expect((await register('two-more', '203.0.113.7')).headers.get('retry-after')).toBe('2');
  for (let index = 0; index < 25; index++)
    expect((await kaibo.post('/api/auth/register', { username: 'boss', password: PASSWORD })).status).toBe(409);
});
