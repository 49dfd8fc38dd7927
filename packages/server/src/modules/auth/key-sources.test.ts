import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { configuredKeys, fileKeys, tableKeys } from './key-sources.ts';
import { newKey } from './keyring.ts';

const START_MS = 1_800_000_000_000;

onEveryDatabase('keys in a table', (open) => {
  test('nodes that begin at once agree on one first key', async () => {
    const database = await open();
    const nodes = Array.from({ length: 8 }, () => tableKeys(database, 'token'));
    const seen = await Promise.all(nodes.map((source) => source.load(() => newKey(START_MS))));
    expect(new Set(seen.map(([key]) => key?.value.toString('hex'))).size).toBe(1);
    expect(seen.every((keys) => keys.length === 1)).toBe(true);
  });

  test('nodes that rotate at once make one new key, and what retired long ago goes', async () => {
    const database = await open();
    const source = tableKeys(database, 'token');
    const [first] = await source.load(() => newKey(START_MS));
    const rotate = () => source.add(newKey(START_MS + 10), { retires: first?.id, forgetBeforeMs: 0 });
    await Promise.all([rotate(), rotate(), rotate()]);
    const keys = await source.load(() => newKey(START_MS));
    expect(keys.map(({ retiredAtMs }) => retiredAtMs)).toEqual(expect.arrayContaining([START_MS + 10, undefined]));
    expect(keys).toHaveLength(2);
    const [newest] = keys.filter(({ retiredAtMs }) => retiredAtMs === undefined);
    await source.add(newKey(START_MS + 20), { retires: newest?.id, forgetBeforeMs: START_MS + 15 });
    const left = await source.load(() => newKey(START_MS));
    expect(left.map(({ createdAtMs }) => createdAtMs).toSorted((a, b) => a - b)).toEqual([
      START_MS + 10,
      START_MS + 20,
    ]);
  });

  test('keys of one purpose are none of another', async () => {
    const database = await open();
    const [token] = await tableKeys(database, 'token').load(() => newKey(START_MS));
    const [sign] = await tableKeys(database, 'sign').load(() => newKey(START_MS));
    expect(sign?.value).not.toEqual(token?.value);
  });
});

describe('keys in a file', () => {
  test('outlive the process, are for their owner only, and retire', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kaibo-keys-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [first] = await fileKeys(folder, 'keys.json').load(() => newKey(START_MS));
    expect(statSync(join(folder, 'keys.json')).mode & 0o777).toBe(0o600);
    const source = fileKeys(folder, 'keys.json');
    expect(await source.load(() => newKey(START_MS + 1))).toEqual([first]);
    await source.add(newKey(START_MS + 2), { retires: first?.id, forgetBeforeMs: 0 });
    expect((await source.load(() => newKey(0))).map(({ retiredAtMs }) => retiredAtMs)).toEqual([
      undefined,
      START_MS + 2,
    ]);
    await source.add(newKey(START_MS + 3), { retires: undefined, forgetBeforeMs: START_MS + 2 });
    expect(readFileSync(join(folder, 'keys.json'), 'utf8')).not.toContain(first?.id);
  });
});

test('the operator’s keys are named by what says nothing of them, newest first, and are never rotated', async () => {
  const source = configuredKeys(['n'.repeat(32), 'o'.repeat(32)]);
  const keys = await source.load(() => newKey(START_MS));
  expect(source.canRotate).toBe(false);
  expect(keys.map(({ value }) => value.toString()[0])).toEqual(['n', 'o']);
  expect(keys[0]?.createdAtMs).toBeGreaterThan(keys[1]?.createdAtMs ?? 0);
  expect(keys.map(({ id }) => id).join()).not.toMatch(/n{4}|o{4}/);
});
