import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteFile from 'better-sqlite3';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { migrationStatus } from '../src/database/migrate.ts';
import { request, tempFolder } from './harness.ts';
import { onEveryDatabase } from './support/databases.ts';
import { kaibo, startKaiboProcess } from './support/kaibo.ts';
import { POSTGRES_PASSWORD } from './support/postgres.ts';

onEveryDatabase('kaibo migrate', (_open, databases) => {
  test('processes that migrate at once all succeed', async () => {
    const options = await databases.options();
    const flags = [
      `--dataDir=${options.folder}`,
      ...(options.url === undefined ? [] : [`--database.url=${options.url}`]),
    ];
    const before = await kaibo(['migrate', '--status', ...flags]);
    expect(before.output).toMatch(/^pending {2}0001-rooms$/m);
    const runs = await Promise.all([1, 2, 3].map(() => kaibo(['migrate', ...flags])));
    expect(runs.map(({ code, output }) => [code, code === 0 ? '' : output])).toEqual([1, 2, 3].map(() => [0, '']));
    expect(runs.filter(({ output }) => output.includes('done     0001-rooms'))).toHaveLength(1);
    const { database } = await databases.handle(options, 'as it is');
    expect((await migrationStatus(database)).pending).toEqual([]);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-x', '2030-01-01T00:00:00.000Z')`.execute(
      database,
    );
    const newer = await kaibo(['start', ...flags]);
    expect(newer).toEqual({
      code: 1,
      output: expect.stringMatching(/^kaibo: the database was changed by a newer Kaibo/),
    });
    expect((await kaibo(['migrate', '--status', ...flags])).code).toBe(1);
  });
});

const rooms = (file: string): number => {
  const copy = new SqliteFile(file, { readonly: true });
  try {
    return copy.prepare('select count(*) from rooms').pluck().get() as number;
  } finally {
    copy.close();
  }
};

test('a backup is made while the server writes, and a platform starts from it', async () => {
  const dataDir = join(tempFolder(), 'data');
  const server = await startKaiboProcess(`--dataDir=${dataDir}`, '--access=open');
  const writing = new AbortController();
  let created = 0;
  const writer = (async () => {
    while (!writing.signal.aborted) {
      const { status } = await request(`${server.base}/api/rooms`, { method: 'POST', body: { title: '备份' } });
      if (status === 201) created++;
    }
  })();
  await expect.poll(() => created).toBeGreaterThan(3);
  const target = join(tempFolder(), 'backup.db');
  const createdBefore = created;
  const { code, output } = await kaibo(['backup', target, `--dataDir=${dataDir}`]);
  writing.abort();
  await writer;
  expect(output).toContain('made and checked');
  expect(code).toBe(0);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(rooms(target)).toBeGreaterThanOrEqual(createdBefore);
  const restored = join(tempFolder(), 'data');
  await kaibo(['migrate', `--dataDir=${restored}`]);
  copyFileSync(target, join(restored, 'kaibo.db'));
  const second = await startKaiboProcess(`--dataDir=${restored}`);
  expect((await request(`${second.base}/api/rooms`)).headers.get('x-total-count')).toBe(String(rooms(target)));
});

test('a backup that cannot be made leaves what was there, and no litter', async () => {
  const dataDir = join(tempFolder(), 'data');
  const target = join(tempFolder(), 'backup.db');
  writeFileSync(target, 'yesterday');
  expect(await kaibo(['backup', target, `--dataDir=${dataDir}`])).toEqual({
    code: 1,
    output: `kaibo: there is no database at ${join(dataDir, 'kaibo.db')}\n`,
  });
  await kaibo(['migrate', `--dataDir=${dataDir}`]);
  const itself = await kaibo(['backup', join(dataDir, 'kaibo.db'), `--dataDir=${dataDir}`]);
  expect(itself.output).toContain('is the database itself');
  writeFileSync(join(dataDir, 'kaibo.db'), 'garbage, not a database, and long enough to be looked at'.repeat(100));
  const broken = await kaibo(['backup', target, `--dataDir=${dataDir}`]);
  expect(broken).toEqual({ code: 1, output: expect.stringContaining('the backup') });
  expect(statSync(target).size).toBe('yesterday'.length);
  expect(readdirSync(join(target, '..'))).toEqual(['backup.db']);
  expect(existsSync(`${target}-wal`)).toBe(false);
});

test('PostgreSQL is left to pg_dump, without the password', async () => {
  const url = `postgres://kaibo:${POSTGRES_PASSWORD}@db.example.org:5432/kaibo`;
  const { code, output } = await kaibo(['backup', 'kaibo.dump', `--database.url=${url}`]);
  expect(code).toBe(1);
  expect(output).toContain(`pg_dump --format=custom --file='kaibo.dump' 'postgres://kaibo@db.example.org:5432/kaibo'`);
  expect(output).not.toContain(POSTGRES_PASSWORD);
});

test.each([
  [['backup'], /^kaibo: usage: kaibo backup FILE\n$/],
  [['migrate', 'now'], /^kaibo: usage: kaibo migrate \[--status\]\n$/],
  [['migrate', '--statsu'], /^--statsu: unknown flag/],
  [['doctor', '--json=yes'], /^kaibo: .*json.* does not take an argument/],
])('%j is one line', async (args, words) => {
  const { code, output } = await kaibo(args);
  expect(code).toBe(1);
  expect(output).toMatch(words);
  expect(output.trimEnd().split('\n')).toHaveLength(1);
});

test('help names every command', async () => {
  const { code, output } = await kaibo(['--help']);
  expect(code).toBe(0);
  for (const command of ['start', 'config check', 'doctor', 'migrate', 'backup'])
    expect(output).toContain(`\n  ${command}`);
  expect((await kaibo(['backup', '--help'])).output).toContain('Usage: kaibo backup FILE');
});
