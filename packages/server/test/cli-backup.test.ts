import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import SqliteFile from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { DataLock } from '../src/app/data-lock.ts';
import { tempFolder } from './harness.ts';
import { startAccounts } from './support/accounts.ts';
import { keepPicture } from './support/file-people.ts';
import { kaiboHere } from './support/kaibo.ts';
import { jpegOf } from './support/picture-corpus.ts';

/** A folder as Kaibo leaves it, with a file in each place. */
async function folderWithData(): Promise<string> {
  const dataDir = join(tempFolder(), 'data');
  await kaiboHere(['migrate', `--dataDir=${dataDir}`]);
  writeFileSync(join(dataDir, 'signing.key'), 'k'.repeat(32), { mode: 0o600 });
  for (const [folder, name] of [
    ['recordings/one', '001.mp4'],
    ['files/images', 'a.webp'],
    ['files/.unfinished', 'half'],
  ] as const) {
    mkdirSync(join(dataDir, folder), { recursive: true });
    writeFileSync(join(dataDir, folder, name), `${folder}/${name}`);
  }
  writeFileSync(join(dataDir, 'token-keys.json.new'), 'half written');
  return dataDir;
}

async function madeBackup(dataDir: string, ...more: string[]): Promise<string> {
  const target = join(tempFolder(), 'backup');
  const { code, output } = await kaiboHere(['backup', 'create', target, `--dataDir=${dataDir}`, ...more]);
  expect([code, output]).toEqual([0, expect.stringContaining(target)]);
  return target;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted();

test('a platform that runs is backed up; one that starts from it knows its people, their logins and their pictures', async () => {
  const dataDir = tempFolder();
  const first = await startAccounts(() => {}, dataDir);
  const ada = await first.person('ada');
  const file = await keepPicture(first, await jpegOf(), { headers: ada.headers, name: 'me.jpg' });
  const backup = await madeBackup(dataDir);
  // What came after is not in it.
  await first.person('late');
  const restored = join(tempFolder(), 'data');
  const { code, output } = await kaiboHere(['backup', 'restore', backup, `--dataDir=${restored}`]);
  expect([code, output]).toEqual([0, expect.stringContaining(`${restored}: restored as it was at 20`)]);
  const second = await startAccounts(() => {}, restored);
  expect((await second.get('/api/users/me', ada.headers)).body).toMatchObject({ username: 'ada' });
  expect((await second.login('late')).status).toBe(401);
  const [before, after] = await Promise.all([first, second].map((kaibo) => kaibo.get(file.url ?? '')));
  expect(after?.status).toBe(200);
  expect(after?.text).toBe(before?.text);
});

describe('kaibo backup', () => {
  test('holds what is kept, for the owner’s eyes only, as sha256sum checks it', async () => {
    const backup = await madeBackup(await folderWithData());
    expect(filesOf(backup)).toEqual(
      [
        ...['SHA256SUMS', 'backup.json', 'kaibo.db', 'data/signing.key'],
        ...['files/images/a.webp', 'recordings/one/001.mp4'],
      ].toSorted(),
    );
    for (const name of filesOf(backup)) expect([name, statSync(join(backup, name)).mode & 0o077]).toEqual([name, 0]);
    expect(spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: backup }).status).toBe(0);
    const about = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8')) as object;
    expect(about).toMatchObject({ database: 'sqlite', recordings: true, fileCount: 4 });
    expect(await kaiboHere(['backup', 'check', backup])).toEqual({
      code: 0,
      output: expect.stringMatching(/: sound, of 20/),
    });
  });

  test('may leave out recordings, and finds them where the configuration puts them', async () => {
    const dataDir = await folderWithData();
    expect(filesOf(await madeBackup(dataDir, '--no-recordings')).join()).not.toContain('recordings/');
    const elsewhere = tempFolder();
    writeFileSync(join(elsewhere, '001.mp4'), 'elsewhere');
    const flag = `--recording.folder=${elsewhere}`;
    const backup = await madeBackup(dataDir, flag);
    expect(readFileSync(join(backup, 'recordings/001.mp4'), 'utf8')).toBe('elsewhere');
    // The folder of that name in dataDir is only a folder then.
    expect(filesOf(backup)).toContain('data/recordings/one/001.mp4');
    const other = join(tempFolder(), 'other');
    await kaiboHere([
      'backup',
      'restore',
      backup,
      `--dataDir=${join(tempFolder(), 'data')}`,
      `--recording.folder=${other}`,
    ]);
    expect(filesOf(other)).toEqual(['001.mp4']);
    const full = await kaiboHere(['backup', 'restore', backup, `--dataDir=${join(tempFolder(), 'data')}`, flag]);
    expect(full).toEqual({ code: 1, output: `kaibo: ${elsewhere} is not empty; move away what is in it\n` });
  });

  test('takes a folder of its own, and leaves nothing when it cannot be made', async () => {
    const dataDir = await folderWithData();
    const backup = await madeBackup(dataDir);
    expect((await kaiboHere(['backup', 'create', backup, `--dataDir=${dataDir}`])).output).toContain(
      'is there already',
    );
    const inside = await kaiboHere(['backup', 'create', join(dataDir, 'files/backup'), `--dataDir=${dataDir}`]);
    expect(inside.output).toContain('which the backup is of');
    const nowhere = join(tempFolder(), 'none');
    const target = join(tempFolder(), 'backup');
    const missing = await kaiboHere(['backup', 'create', target, `--dataDir=${nowhere}`]);
    expect(missing.output).toBe(`kaibo: there is no database at ${join(nowhere, 'kaibo.db')}\n`);
    expect(readdirSync(join(target, '..'))).toEqual([]);
    const below = join(dataDir, 'signing.key/backup');
    const refused = await kaiboHere(['backup', 'create', below, `--dataDir=${await folderWithData()}`]);
    expect([refused.code, refused.output]).toEqual([1, expect.stringMatching(/^kaibo: E[A-Z]+: .*signing\.key/)]);
  });

  test('goes back with the server stopped into an empty folder, or moves aside what is there', async () => {
    const dataDir = await folderWithData();
    const backup = await madeBackup(dataDir);
    const flags = ['backup', 'restore', backup, `--dataDir=${dataDir}`];
    expect((await kaiboHere(flags)).output).toMatch(/is not empty; --replace moves what is in it to .*before-restore-/);
    const lock = DataLock.take(dataDir);
    expect((await kaiboHere([...flags, '--replace'])).output).toContain('is in use by another Kaibo');
    lock.release();
    writeFileSync(join(dataDir, 'signing.key'), 'x'.repeat(32));
    expect((await kaiboHere([...flags, '--replace'])).code).toBe(0);
    expect(readFileSync(join(dataDir, 'signing.key'), 'utf8')).toBe('k'.repeat(32));
    const aside = readdirSync(dataDir).find((name) => name.startsWith('before-restore-')) ?? '';
    expect(readFileSync(join(dataDir, aside, 'signing.key'), 'utf8')).toBe('x'.repeat(32));
    expect(existsSync(join(dataDir, '.restoring'))).toBe(false);
    // Recordings that a backup does not have stay where they are.
    const small = await madeBackup(dataDir, '--no-recordings');
    await kaiboHere(['backup', 'restore', small, `--dataDir=${dataDir}`, '--replace']);
    expect(filesOf(join(dataDir, 'recordings'))).toEqual(['one/001.mp4']);
    // What was moved aside is not backed up again.
    expect(filesOf(await madeBackup(dataDir)).join()).not.toContain('before-restore');
  });

  test.each<[string, (backup: string) => void, RegExp]>([
    [
      'a file of other bytes',
      (at) => appendFileSync(join(at, 'data/signing.key'), '!'),
      /signing\.key .* is not as it was/,
    ],
    ['a file too few', (at) => rmSync(join(at, 'files/images/a.webp')), /lacks files\/images\/a\.webp/],
    ['no backup at all', (at) => rmSync(join(at, 'backup.json')), /is no backup/],
    [
      'half a description',
      (at) => writeFileSync(join(at, 'backup.json'), '{"kaibo":"1"}'),
      /is not as kaibo backup create/,
    ],
    [
      'a path that leads out',
      (at) => appendFileSync(join(at, 'SHA256SUMS'), `${'0'.repeat(64)}  data/../../etc/passwd\n`),
      /a line that is not as it should be/,
    ],
    [
      'a place that is none',
      (at) => {
        mkdirSync(join(at, 'elsewhere'));
        writeFileSync(join(at, 'elsewhere/x'), '');
        const sum = spawnSync('sha256sum', ['elsewhere/x'], { cwd: at, encoding: 'utf8' }).stdout;
        appendFileSync(join(at, 'SHA256SUMS'), sum);
      },
      /elsewhere\/x, which belongs nowhere/,
    ],
    ['a newer Kaibo', (at) => newer(at), /changed by a newer Kaibo \(9999-x\)/],
  ])('%s is not restored, and nothing is left of it', async (_name, spoil, words) => {
    const backup = await madeBackup(await folderWithData());
    spoil(backup);
    const dataDir = join(tempFolder(), 'data');
    const { code, output } = await kaiboHere(['backup', 'restore', backup, `--dataDir=${dataDir}`]);
    expect([code, output]).toEqual([1, expect.stringMatching(words)]);
    expect(existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name !== 'kaibo.lock') : []).toEqual([]);
  });

  test('leaves PostgreSQL to its own tools, and does not mix the two', async () => {
    const dataDir = await folderWithData();
    const flag = '--database.url=postgres://kaibo:not-to-be-shown@127.0.0.1:9/kaibo';
    const target = join(tempFolder(), 'backup');
    const { code, output } = await kaiboHere(['backup', 'create', target, `--dataDir=${dataDir}`, flag]);
    expect([code, output]).toEqual([0, expect.stringContaining(`pg_dump --format=custom --file='${target}.dump'`)]);
    expect(output).not.toContain('not-to-be-shown');
    expect(filesOf(target).join()).not.toContain('kaibo.db');
    const fresh = (): string => `--dataDir=${join(tempFolder(), 'data')}`;
    expect((await kaiboHere(['backup', 'restore', target, fresh()])).output).toContain(
      'on PostgreSQL: set database.url',
    );
    const ofSqlite = await madeBackup(dataDir);
    expect((await kaiboHere(['backup', 'restore', ofSqlite, fresh(), flag])).output).toContain('names a PostgreSQL');
    expect((await kaiboHere(['backup', 'restore', target, fresh(), flag])).code).toBe(0);
  });
});

/** As a later version would leave it, with its sum. */
function newer(backup: string): void {
  const database = new SqliteFile(join(backup, 'kaibo.db'));
  database.exec(`insert into kysely_migration (name, timestamp) values ('9999-x', '2030-01-01T00:00:00.000Z')`);
  database.close();
  const sum = spawnSync('sha256sum', ['kaibo.db'], { cwd: backup, encoding: 'utf8' }).stdout;
  const file = join(backup, 'SHA256SUMS');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*kaibo\.db\n/m, sum));
}
