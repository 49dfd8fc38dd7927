import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, request, tempFolder, type Answer } from './harness.ts';
import { onEveryDatabase } from './support/databases.ts';
import { kaibo, kaiboHere, startKaiboProcess } from './support/kaibo.ts';

/** Some commands are processes that start, and logins cost time by design. */
const TIMEOUT_MS = 90_000;
const PASSWORD = 'correct horse battery 9';

/** `kaibo …`, which has to succeed. */
async function told(args: readonly string[], input?: string): Promise<string> {
  const { code, output } = await (input === undefined ? kaiboHere(args) : kaibo(args, { input }));
  expect(output === '' ? code : [code, output]).toEqual([0, output]);
  return output;
}

const login = (base: string, username: string, password = PASSWORD): Promise<Answer> =>
  request(`${base}/api/auth/login`, { method: 'POST', body: { username, password } });
const bearer = ({ body }: Answer): Record<string, string> => ({
  authorization: `Bearer ${String(body['accessToken'])}`,
});

onEveryDatabase('accounts and rooms from the command line', (_open, databases) => {
  test(
    'a ban and a closed room reach the platform that runs',
    async () => {
      const { folder, url } = await databases.options();
      const flags = [`--dataDir=${join(folder, 'data')}`, ...(url === undefined ? [] : [`--database.url=${url}`])];
      expect(
        await told(['admin', 'create', '--username', 'chief', '--password-stdin', ...flags], `${PASSWORD}\n`),
      ).toBe('admin chief made\n');
      const { base } = await startKaiboProcess(...flags);
      await told(['user', 'create', '--username=alice', '--password-stdin', ...flags], `${PASSWORD}\n`);
      const alice = await login(base, 'alice');
      expect(alice.status).toBe(200);
      const open = async (): Promise<string> => {
        const made = await request(`${base}/api/rooms`, {
          method: 'POST',
          body: { title: '房间' },
          headers: bearer(alice),
        });
        expect(made.status).toBe(201);
        return String(made.body['id']);
      };
      const [closed, banned] = [await open(), await open()];
      const watcher = await connect(base);
      watcher.send({ type: 'subscribe', channel: 'rooms' });
      await watcher.next(({ type }) => type === 'snapshot');
      expect(await told(['room', 'list', ...flags])).toMatch(
        new RegExp(`^${closed}  preparing  public .* alice  房间$`, 'm'),
      );

      expect(await told(['room', 'close', closed, ...flags])).toBe(`${closed} is closed\n`);
      const ofRoom = (id: string) => (message: { event?: string; data?: unknown }) =>
        message.event === 'room.ended' && (message.data as { id: string }).id === id;
      await watcher.next(ofRoom(closed));
      expect((await request(`${base}/api/rooms/${closed}`)).body['status']).toBe('ended');
      expect(await told(['room', 'close', closed, ...flags])).toBe(`${closed} had ended before\n`);

      const own = await connect(base, { headers: bearer(alice) });
      expect((await request(`${base}/api/users/me`, { headers: bearer(alice) })).status).toBe(200);
      await told(['user', 'ban', 'alice', '--reason', 'spam', ...flags]);
      await own.closed;
      await watcher.next(ofRoom(banned));
      expect((await request(`${base}/api/users/me`, { headers: bearer(alice) })).body.code).toBe('account_banned');
      expect((await login(base, 'alice')).body.code).toBe('account_banned');
      expect(await told(['user', 'list', ...flags])).toMatch(/ banned {2}alice$/m);
      await told(['user', 'unban', 'alice', ...flags]);
      expect((await login(base, 'alice')).status).toBe(200);

      const { database } = await databases.handle({
        ...(await databases.options()),
        url,
        folder: join(folder, 'data'),
      });
      const notes = await database
        .selectFrom('audit_log')
        .select(['action', 'subject'])
        .where('actor', '=', 'operator')
        .execute();
      expect(notes.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['user.created', 'room.ended', 'user.banned', 'user.unbanned']),
      );
    },
    TIMEOUT_MS,
  );

  test(
    'roles, links for lost passwords, and deletion',
    async () => {
      const { folder, url } = await databases.options();
      const flags = [`--dataDir=${join(folder, 'data')}`, ...(url === undefined ? [] : [`--database.url=${url}`])];
      const made = await told(['admin', 'create', '--username', 'chief', ...flags]);
      const password = /password: (\S{20})\n$/.exec(made)?.[1];
      await told(['user', 'create', '--username', 'bob', ...flags]);
      const { base } = await startKaiboProcess(...flags);
      expect((await login(base, 'chief', password)).body).toMatchObject({ user: { role: 'admin' } });

      const refused = await kaibo(['user', 'role', 'chief', 'user', ...flags]);
      expect(refused).toEqual({ code: 1, output: 'kaibo: There has to be at least one administrator\n' });
      await told(['user', 'role', 'bob', 'admin', ...flags]);
      await told(['user', 'role', 'chief', 'user', ...flags]);
      expect(await told(['user', 'list', ...flags])).toMatch(/ admin {2}.* bob$/m);

      const link = await told(['admin', 'reset-link', 'bob', ...flags]);
      const token = /token=([\w-]+)/.exec(link)?.[1];
      const confirm = (): Promise<Answer> =>
        request(`${base}/api/auth/reset/confirm`, { method: 'POST', body: { token, password: PASSWORD } });
      expect((await confirm()).status).toBe(200);
      expect((await confirm()).body.code).toBe('reset_invalid');
      expect((await login(base, 'bob')).status).toBe(200);

      expect((await kaibo(['user', 'delete', 'chief', ...flags])).output).toContain('cannot be undone');
      await told(['user', 'delete', 'chief', '--yes', ...flags]);
      expect((await login(base, 'chief', password)).body.code).toBe('bad_credentials');
    },
    TIMEOUT_MS,
  );
});

test.each([
  [['user', 'ban', 'nobody'], /^kaibo: there is no user nobody; see kaibo user list\n$/],
  [['room', 'close', 'nothing'], /^kaibo: There is no such room\n$/],
  [['user', 'create'], /^kaibo: username: /],
  [
    ['admin', 'create', '--username', 'chief', '--password-stdin'],
    /^kaibo: --password-stdin: standard input is empty\n$/,
  ],
  [['user', 'role', 'bob'], /^kaibo: usage: kaibo user role USERNAME user\|admin\n$/],
])('%j is refused in one line', async (args, words) => {
  const { code, output } = await kaibo([...args, `--dataDir=${join(tempFolder(), 'data')}`]);
  expect(output).toMatch(words);
  expect(code).toBe(1);
});
