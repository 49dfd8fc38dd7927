import { expect, test } from 'vitest';
import { searchHelp } from '../src/features/help/help-search.ts';
import { topicAt, TOPICS } from '../src/features/help/topics.ts';
import { messages as en } from '../src/i18n/help.en.ts';
import { messages as zhCN } from '../src/i18n/help.zh-CN.ts';

function wordsOf(messages: object): (key: string) => unknown {
  return (key) =>
    key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], messages);
}

test('every section has its words in both languages, and no words are without a section', () => {
  const known = TOPICS.map(({ id, sections }) => [id, sections.map((section) => section.id)]);
  for (const { help } of [en, zhCN])
    expect(Object.entries(help.topics).map(([id, topic]) => [id, Object.keys(topic.sections)])).toEqual(known);
});

test.each([
  ['black', en, 'faq-black'],
  ['KEYFRAME interval', en, 'obs-encoder'],
  ['延迟太高', zhCN, 'faq-delay'],
  ['黑屏', zhCN, 'faq-black'],
  ['obs whip', en, 'obs-whip'],
])('%s is found, what is named so first', (question, messages, first) => {
  const [found] = searchHelp(question, wordsOf(messages));
  expect(`${found?.topic}-${found?.section.id}`).toBe(first);
});

test('nonsense finds nothing, and nothing finds nothing', () => {
  expect(searchHelp('qwertyuiop', wordsOf(en))).toEqual([]);
  expect(searchHelp('  ', wordsOf(en))).toEqual([]);
});

test.each([
  ['#obs', 'obs'],
  ['#obs-encoder', 'obs'],
  ['#shortcuts', 'shortcuts'],
  ['#nothing', undefined],
  ['', undefined],
])('%s leads to %s', (hash, topic) => {
  expect(topicAt(hash)).toBe(topic);
});
