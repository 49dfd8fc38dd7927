// The log as administrators have it: searched, looked at as it is said, taken away as a file.
import { expect, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import type { LogEntry, LogPage } from '../src/modules/log/contract.ts';
import { startAccounts, type Headers } from './support/accounts.ts';
import { readEvents } from './support/event-source.ts';

test('what happened is found by whom, where and by which request, as it is said and afterwards', async () => {
  const kaibo = await startAccounts((config) => {
    config.log.access = 'all';
    config.node.name = 'media-1';
  });
  const admin = await kaibo.person('operator');
  const ada = await kaibo.person('ada');
  const logs = async (query: string, headers: Headers = admin.headers): Promise<LogEntry[]> => {
    const answer = await kaibo.get(`/api/logs?${query}`, headers);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return (answer.body as unknown as LogPage).entries;
  };
  for (const path of ['/api/logs', '/api/logs/tail', '/api/logs/export'])
    expect([(await kaibo.get(path)).status, (await kaibo.get(path, ada.headers)).status], path).toEqual([401, 403]);
  expect((await kaibo.get('/api/logs?level=loud&limit=9999', admin.headers)).status).toBe(400);

  const tail = await readEvents(`${kaibo.base}/api/logs/tail?kind=access&user=${ada.id}`, admin.headers);
  const audits = await readEvents(`${kaibo.base}/api/logs/tail?kind=audit`, admin.headers);
  const room = await kaibo.create({ title: '晚间音乐会' }, ada.headers);
  const answer = await kaibo.get(`/api/rooms/${room.id}`, ada.headers);
  const requestId = String(answer.headers.get('x-request-id'));

  const shown = await until(() => tail.events.find(({ message }) => JSON.stringify(message).includes(requestId)), {
    what: 'the request in the tail',
  });
  expect(shown.message).toMatchObject({ kind: 'access', user: ada.id, room: room.id, requestId, message: 'request' });
  await until(() => audits.events.some(({ message }) => JSON.stringify(message).includes(`room:${room.id}`)));
  tail.cut();
  audits.cut();

  const [found] = await until(
    async () => {
      const entries = await logs(`requestId=${requestId}`);
      return entries.length > 0 ? entries : undefined;
    },
    { what: 'the request in the database' },
  );
  const fields = { method: 'GET', route: '/api/rooms/:roomId', status: 200, url: `/api/rooms/${room.id}` };
  expect(found).toMatchObject({ level: 'info', kind: 'access', node: 'media-1', user: ada.id, room: room.id, fields });
  expect((await logs(`room=${room.id}&kind=audit&node=media-1`)).map(({ message }) => message)).toContain(
    'room.created',
  );
  expect((await logs(`text=${encodeURIComponent('音乐')}&kind=audit`)).length).toBeGreaterThan(0);
  expect((await kaibo.audit(admin, `?subject=room:${room.id}`)).map(({ action }) => action)).toContain('room.created');

  const file = await kaibo.get(`/api/logs/export?format=csv&room=${room.id}`, admin.headers);
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="kaibo-logs.csv"');
  expect(file.text).toContain(requestId);
  const lines = (await kaibo.get(`/api/logs/export?room=${room.id}`, admin.headers)).text.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as LogEntry).requestId)).toContain(requestId);
});

test('a login that ended sees no more', async () => {
  const kaibo = await startAccounts();
  const admin = await kaibo.person('operator');
  const tail = await readEvents(`${kaibo.base}/api/logs/tail`, admin.headers);
  expect((await kaibo.post('/api/auth/logout', {}, admin.headers)).status).toBe(200);
  await tail.ended;
});
