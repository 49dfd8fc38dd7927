import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAccounts } from './support/accounts.ts';
import { tempFolder } from './harness.ts';
import { kaiboHere } from './support/kaibo.ts';

test('words are kept from the command line, and the platform that runs goes by them', async () => {
  const dataDir = join(tempFolder(), 'data');
  const platform = await startAccounts(() => {}, dataDir);
  const ada = await platform.person('ada');
  const bob = await platform.person('bob');
  const { id } = await platform.create({}, ada.headers);
  const say = async (text: string): Promise<unknown> => {
    platform.wait(10_000);
    const { body } = await platform.post(`/api/rooms/${id}/chat`, { text }, bob.headers);
    return body.code ?? (body['message'] as { text: string }).text;
  };
  expect(await say('坏话 一')).toBe('坏话 一');
  const word = (...args: string[]) => kaiboHere(['word', ...args, `--dataDir=${dataDir}`]);
  expect(await word('add', '坏话', '--action', 'block', '--note', '说明')).toEqual({
    code: 0,
    output: '坏话 is on the list: block\n',
  });
  await expect.poll(() => say('坏 话 二'), { timeout: 30_000, interval: 200 }).toBe('words_blocked');
  const file = join(tempFolder(), 'words.txt');
  writeFileSync(file, '# 词\n坏话\tmask\nevil\n');
  expect((await word('import', file)).output).toBe('2 words read; the list has 2\n');
  await expect.poll(() => say('坏话 三'), { timeout: 30_000, interval: 200 }).toBe('** 三');
  expect((await word('list')).output.split('\n').toSorted().join('\n').trim()).toBe('mask   evil\nmask   坏话');
  expect((await word('remove', 'EVIL')).code).toBe(0);
  for (const wrong of [
    ['remove', 'nothing'],
    ['add', '😀'],
    ['import', file, '--action', 'shout'],
  ])
    expect((await word(...wrong)).code).toBe(1);
  const log = await platform.audit(ada, '?actor=operator');
  expect(log.map(({ action }) => action)).toEqual(['word.removed', 'words.imported', 'word.added']);
});
