import { expect, onTestFinished, test } from 'vitest';
import { pino } from 'pino';
import { connectDatabase } from '../src/database/database.ts';
import { tempFolder } from './harness.ts';
import { kaibo as runCli } from './support/kaibo.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';

const DAY_MS = 86_400_000;

const ban = (kaibo: AccountsKaibo, by: Person, whom: Person, body: object = {}) =>
  kaibo.post(`/api/admin/users/${whom.id}/ban`, body, by.headers);
const setRole = (kaibo: AccountsKaibo, by: Person, whom: Person, role: string) =>
  kaibo.put(`/api/admin/users/${whom.id}/role`, { role }, by.headers);
const lastAdmin = { status: 409, body: { code: 'last_admin' } };

test('the last administrator neither bans nor demotes nor deletes themselves', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  await kaibo.person('ada');
  expect(await ban(kaibo, boss, boss)).toMatchObject(lastAdmin);
  expect(await setRole(kaibo, boss, boss, 'user')).toMatchObject(lastAdmin);
  expect(await kaibo.delete('/api/users/me', boss.headers, { password: 'correct horse battery' })).toMatchObject(
    lastAdmin,
  );
  expect((await kaibo.get('/api/admin/audit', boss.headers)).status).toBe(200);
});

test('an administrator who is banned does not count, until the ban is over', async () => {
  const kaibo = await startAccounts();
  const [boss, second] = [await kaibo.person('boss'), await kaibo.person('second')];
  await setRole(kaibo, boss, second, 'admin');
  const until = Date.now() + DAY_MS;
  expect((await ban(kaibo, boss, second, { until })).status).toBe(200);
  expect(await setRole(kaibo, boss, boss, 'user')).toMatchObject(lastAdmin);
  expect(await ban(kaibo, boss, boss)).toMatchObject(lastAdmin);
  kaibo.wait(DAY_MS + 1000);
  const again = await kaibo.login('boss');
  const headers = { authorization: `Bearer ${String(again.body['accessToken'])}` };
  expect((await setRole(kaibo, { ...boss, headers }, boss, 'user')).status).toBe(200);
});

test('of two administrators who demote each other at once one stays', async () => {
  const kaibo = await startAccounts();
  const [boss, second] = [await kaibo.person('boss'), await kaibo.person('second')];
  await setRole(kaibo, boss, second, 'admin');
  const answers = await Promise.all([setRole(kaibo, boss, second, 'user'), setRole(kaibo, second, boss, 'user')]);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test('where there is no administrator at all a user can be banned', async () => {
  const dataDir = tempFolder();
  const kaibo = await startAccounts(undefined, dataDir);
  const [boss, ada] = [await kaibo.person('boss'), await kaibo.person('ada')];
  expect((await kaibo.get('/api/users/me', ada.headers)).status).toBe(200);
  await kaibo.kaibo.stop();
  const options = { folder: dataDir, poolSize: 1, statementTimeoutMs: 5000, logger: pino({ level: 'silent' }) };
  const handle = await connectDatabase(options);
  onTestFinished(() => handle.close());
  await handle.database.updateTable('users').set({ role: 'user' }).where('id', '=', boss.id).execute();
  expect(await runCli(['user', 'ban', 'ada', `--dataDir=${dataDir}`])).toMatchObject({ code: 0 });
  const row = await handle.database.selectFrom('users').select('banned_at').where('id', '=', ada.id).executeTakeFirst();
  expect(row?.banned_at).toEqual(expect.any(Number));
});
