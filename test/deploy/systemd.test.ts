import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ROOT } from './dockerfile.ts';

const FOLDER = join(ROOT, 'deploy/systemd');
const UNITS = ['kaibo.service', 'kaibo-backup.service', 'kaibo-backup.timer'];
const INSTALLED = '/opt/kaibo';
const DAY_S = 86_400;

/** The units as they are, but for where Kaibo is installed: this checkout. */
function units(): { path: string; file(name: string): string; [Symbol.dispose](): void } {
  const folder = tempDir();
  for (const name of UNITS)
    writeFileSync(folder.file(name), readFileSync(join(FOLDER, name), 'utf8').replaceAll(INSTALLED, ROOT));
  return folder;
}

function analyze(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(findProgram('systemd-analyze'), args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('systemd has nothing to say against the units: settings, programs and times', () => {
  using folder = units();
  const checked = analyze('verify', ...UNITS.map((name) => folder.file(name)));
  expect(checked).toEqual({ status: 0, output: '' });
  writeFileSync(folder.file('kaibo.service'), '[Service]\nExecStart=/nowhere/kaibo\n');
  expect(analyze('verify', folder.file('kaibo.service')).status).not.toBe(0);
});

test.each(['kaibo.service', 'kaibo-backup.service'])('%s may do little: an exposure of at most 2 of 10', (name) => {
  using folder = units();
  const judged = analyze('security', '--offline=true', '--threshold=20', '--no-pager', folder.file(name));
  expect(judged.output).toContain(`Overall exposure level for ${name}`);
  expect(judged.status).toBe(0);
});

test('what the units name is in the tree', () => {
  for (const name of UNITS) {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    for (const [path] of text.matchAll(/\/opt\/kaibo\/[\w./-]+/g))
      expect([path, existsSync(path.replace(INSTALLED, ROOT))]).toEqual([path, true]);
  }
});

test('the nightly backup is made, read back, and those of weeks ago go; what is not one stays', () => {
  using folder = tempDir();
  const [data, backups] = [folder.file('data'), folder.file('backups')];
  const env = { PATH: process.env['PATH'], KAIBO_DATA_DIR: data, BACKUP_FOLDER: backups };
  const kaibo = join(ROOT, 'packages/server/bin/kaibo.mjs');
  expect(spawnSync(process.execPath, [kaibo, 'migrate'], { cwd: folder.path, env }).status).toBe(0);
  const [old, recent, other] = ['2026-01-01T043000', '2026-01-20T043000', 'by-hand'];
  for (const name of [old, recent, other]) mkdirSync(join(backups, name), { recursive: true });
  const nowS = Date.now() / 1000;
  for (const name of [old, other]) utimesSync(join(backups, name), nowS - 20 * DAY_S, nowS - 20 * DAY_S);
  const ran = spawnSync('/bin/sh', [join(FOLDER, 'kaibo-backup.sh'), ROOT], {
    cwd: folder.path,
    env,
    encoding: 'utf8',
  });
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  const [made = '', ...kept] = readdirSync(backups)
    .toSorted()
    .toReversed()
    .filter((name) => name !== other);
  expect(existsSync(join(backups, made, 'backup.json'))).toBe(true);
  expect(kept).toEqual([recent]);
  expect(existsSync(join(backups, other))).toBe(true);
  // One that cannot be made removes nothing.
  utimesSync(join(backups, recent), nowS - 20 * DAY_S, nowS - 20 * DAY_S);
  const broken = { ...env, KAIBO_DATA_DIR: folder.file('none') };
  expect(
    spawnSync('/bin/sh', [join(FOLDER, 'kaibo-backup.sh'), ROOT], { cwd: folder.path, env: broken }).status,
  ).not.toBe(0);
  expect(existsSync(join(backups, recent))).toBe(true);
});
