import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { onDatabase } from '../../test/support/databases.ts';
import { POSTGRES_PASSWORD } from '../../test/support/postgres.ts';
import { audit } from './audit.ts';
import { openDatabase } from './database.ts';
import { DatabaseOpenError, DatabaseUnavailableError } from './errors.ts';

const entry = { actor: 'system', action: 'test.done', subject: 'test:1', atMs: 1_800_000_000_123 };

onDatabase('postgres', 'the server', (_open, databases) => {
  test('the breaker opens when the server is gone, fails fast, and closes when it is back', async () => {
    const handle = await databases.handle(await databases.options());
    const ask = async (): Promise<unknown> => sql`select 1`.execute(handle.database);
    await ask();
    await databases.server().stop('immediate');
    await expect
      .poll(async () => {
        await expect(ask()).rejects.toBeInstanceOf(DatabaseUnavailableError);
        return handle.breaker.state;
      })
      .toBe('open');
    const startedAt = performance.now();
    for (let attempt = 0; attempt < 200; attempt++)
      await expect(ask()).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await databases.server().resume();
    await expect.poll(() => ask().then(() => handle.breaker.state), { timeout: 15_000 }).toBe('closed');
  });

  test('a connection that breaks within a transaction is unavailable, and its change is not there', async () => {
    const handle = await databases.handle(await databases.options());
    await expect(
      handle.database.transaction().execute(async (transaction) => {
        await audit(transaction, entry);
        await databases.server().stop('immediate');
        await databases.server().resume();
        await audit(transaction, entry);
      }),
    ).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await handle.database.selectFrom('audit_log').select('at').execute()).toEqual([]);
  });

  test('a statement that runs too long is cancelled', async () => {
    const handle = await databases.handle({ ...(await databases.options()), statementTimeoutMs: 100 });
    await expect(sql`select pg_sleep(20)`.execute(handle.database)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(handle.breaker.state).toBe('closed');
  });

  test('a server that freezes is given up, and its connection is not used again', async () => {
    const handle = await databases.handle({ ...(await databases.options()), poolSize: 1, statementTimeoutMs: 100 });
    const pid = async (): Promise<unknown> =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(handle.database)).rows[0]?.pid;
    const first = Number(await pid());
    process.kill(first, 'SIGSTOP');
    onTestFinished(() => void process.kill(first, 'SIGCONT'));
    await expect(pid()).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await pid()).not.toBe(first);
  });

  test('a start waits for the server, and says without the password when it does not come', async () => {
    const options = await databases.options();
    await databases.server().stop();
    const opening = databases.handle(options);
    const refused = openDatabase({ ...options, startTimeoutMs: 500 });
    await expect(refused).rejects.toThrow(
      /^the database postgres:\/\/kaibo@127\.0\.0\.1:\d+\/test_\d+ cannot be reached/,
    );
    await expect(refused).rejects.not.toThrow(POSTGRES_PASSWORD);
    await databases.server().resume();
    expect((await opening).kind).toBe('postgres');
  });

  test.each([
    [
      'a wrong password',
      (url: string) => url.replace(POSTGRES_PASSWORD, 'wrong'),
      /refuses: password authentication failed/,
    ],
    ['a missing database', (url: string) => url.replace(/\d+$/, '999'), /refuses: database "test_999" does not exist/],
    ['what is no address', () => `postgres://[${POSTGRES_PASSWORD}`, /^database\.url is not a PostgreSQL address/],
  ])('%s is said at once', async (_name, spoil, words) => {
    const options = await databases.options();
    const opening = openDatabase({ ...options, url: spoil(options.url ?? '') });
    await expect(opening).rejects.toThrow(words);
    await expect(opening).rejects.not.toThrow(POSTGRES_PASSWORD);
  });

  test('a port where nothing speaks PostgreSQL ends the wait', async () => {
    const silent = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const url = `postgres://kaibo:${POSTGRES_PASSWORD}@127.0.0.1:${(silent.address() as AddressInfo).port}/kaibo`;
    await expect(openDatabase({ ...(await databases.options()), url, startTimeoutMs: 300 })).rejects.toBeInstanceOf(
      DatabaseOpenError,
    );
  });
});
