import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { obsProfile } from '../src/features/studio/obs-profile.ts';

/** The archive on the disk, and what unzip makes of it. */
async function unpacked(archive: Blob): Promise<{ unzip: (...args: string[]) => string }> {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-zip-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'archive.zip');
  writeFileSync(path, await archive.bytes());
  return { unzip: (option, ...names) => execFileSync('unzip', [option ?? '', path, ...names], { encoding: 'utf8' }) };
}

test('a profile has what OBS reads, and a key with any letters', async () => {
  const target = { server: 'rtmp://live.example.org/live', key: 'ada?key="\\secret&' };
  const { unzip } = await unpacked(obsProfile(target, 'Kaibo live.example.org\n[Output]'));
  expect(unzip('-t')).toContain('No errors detected');
  const read = (name: string): unknown => JSON.parse(unzip('-p', name));
  expect(read('service.json')).toEqual({
    type: 'rtmp_custom',
    settings: { ...target, use_auth: false, bwtest: false },
  });
  expect(read('streamEncoder.json')).toMatchObject({ rate_control: 'CBR', keyint_sec: 2, bf: 0, tune: 'zerolatency' });
  const ini = unzip('-p', 'basic.ini');
  expect(ini.startsWith('[General]\nName=Kaibo live.example.org [Output]\n\n[Output]\nMode=Advanced\n')).toBe(true);
  expect(ini).not.toContain('secret');
});
