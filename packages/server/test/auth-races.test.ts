import { expect, test } from 'vitest';
import { PASSWORD, startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { onEveryDatabase, type TestDatabases } from './support/databases.ts';
import type { Answer } from './harness.ts';

const WRITERS = 8;

onEveryDatabase('people who do the same at once', (_, databases) => {
  const many = async (what: (index: number) => Promise<Answer>): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: WRITERS }, (__, index) => what(index)));
    return answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()).toSorted();
  };
  const oneOf = (won: string, lost: string): string[] =>
    [won, ...Array.from({ length: WRITERS - 1 }, () => lost)].toSorted();

  test('one of them is the first administrator', async () => {
    const nodes = await startNodes(databases);
    const answers = await Promise.all(
      Array.from({ length: WRITERS }, (__, index) =>
        (nodes[index % nodes.length] ?? nodes[0]).post('/api/auth/register', {
          username: `first${index}`,
          password: PASSWORD,
        }),
      ),
    );
    const roles = answers.map((answer) => (answer.body['user'] as { role?: string } | undefined)?.role);
    expect(roles.filter((role) => role === 'admin')).toHaveLength(1);
    expect(roles.filter((role) => role === 'user')).toHaveLength(WRITERS - 1);
  });

  test('one of them gets the user name, however it is written', async () => {
    const [kaibo] = await startNodes(databases);
    const names = ['cleo', 'CLEO', 'Ｃleo', 'cLeO'];
    const register = (index: number) =>
      kaibo.post('/api/auth/register', { username: names[index % names.length], password: PASSWORD });
    expect(await many(register)).toEqual(oneOf('201', '409 username_taken'));
  });

  test('one of them gets the mail address when registering', async () => {
    const [kaibo] = await startNodes(databases);
    const register = (index: number) =>
      kaibo.post('/api/auth/register', { username: `name${index}`, password: PASSWORD, email: 'one@example.org' });
    expect(await many(register)).toEqual(oneOf('201', '409 email_taken'));
  });

  test('one of them gets the mail address that all change to', async () => {
    const [kaibo] = await startNodes(databases);
    const people: Person[] = [];
    for (let index = 0; index < WRITERS; index++) people.push(await kaibo.person(`name${index}`));
    const change = (index: number) =>
      kaibo.put('/api/users/me', { email: 'One@example.org' }, people[index]?.headers ?? {});
    for (let round = 0; round < 5; round++) {
      expect(await many(change)).toEqual(oneOf('200', '409 email_taken'));
      for (const { headers } of people) await kaibo.put('/api/users/me', { email: null }, headers);
    }
  });
});

/** Two platforms on one PostgreSQL; one where the database is a file. */
async function startNodes({ kind, options }: TestDatabases): Promise<[AccountsKaibo, ...AccountsKaibo[]]> {
  const { url } = await options();
  const start = () => startAccounts((config) => (config.database.url = url));
  return kind === 'postgres' ? [await start(), await start()] : [await start()];
}
