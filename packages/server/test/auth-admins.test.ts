import { expect, onTestFinished, test } from 'vitest';
import { pino } from 'pino';
import { connectDatabase } from '../src/database/database.ts';
import { connect, tempFolder, type Message, type OwnedRoom } from './harness.ts';
import { kaibo as runCli } from './support/kaibo.ts';
import { readEvents } from './support/event-source.ts';
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
  kaibo.wait(2 * DAY_MS);
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

test('connections of who is an administrator no more come in anew, and those of a key that was deleted not at all', async () => {
  const kaibo = await startAccounts();
  const [boss, second, ada] = [await kaibo.person('boss'), await kaibo.person('second'), await kaibo.person('ada')];
  const { body } = await kaibo.post('/api/rooms', { title: '深夜厨房', isPrivate: true }, ada.headers);
  const { id } = body as unknown as OwnedRoom;
  const channels = [`insight:${id}`, `chat:${id}`, 'monitor'];
  await setRole(kaibo, boss, second, 'admin');
  const open = async (headers: Person['headers']) => {
    const socket = await connect(kaibo.base, { headers });
    const heard: Message[] = [];
    for (const channel of channels) {
      socket.send({ type: 'subscribe', channel, id: channel });
      heard.push(await socket.next((message) => message.id === channel));
    }
    return { socket, types: heard.map(({ type }) => type) };
  };
  const before = await open(second.headers);
  expect(before.types).toEqual(['ack', 'ack', 'ack']);
  const stream = await readEvents(`${kaibo.base}/api/events?channels=monitor`, second.headers);
  const owner = await open(ada.headers);
  await setRole(kaibo, boss, second, 'user');
  expect((await before.socket.closed).code).toBe(4008);
  await stream.ended;
  expect((await open(second.headers)).types).toEqual(['error', 'error', 'error']);

  const made = await kaibo.post('/api/auth/keys', { name: 'k', scopes: ['rooms:read'] }, ada.headers);
  const key = { authorization: `Bearer ${String(made.body['key'])}` };
  const byKey = await open(key);
  expect(byKey.types).toEqual(['ack', 'ack', 'error']);
  expect((await kaibo.delete(`/api/auth/keys/${String(made.body['id'])}`, ada.headers)).status).toBe(200);
  expect((await byKey.socket.closed).code).toBe(4008);
  await expect(connect(kaibo.base, { headers: key })).rejects.toThrow('401');
  // Her login is another matter.
  owner.socket.send({ type: 'ping', id: 'still' });
  expect(await owner.socket.next(({ type }) => type === 'pong')).toBeTruthy();
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
