import { describe, expect, test } from 'vitest';
import { readingsOf } from './fold.ts';
import { maskedText } from './mask.ts';
import { WordMatcher } from './word-matcher.ts';

const LATIN = ['fuck', 'ass', 'cum', 'hell', 'penis', 'kill yourself', 'bitch*', 'shit', 'sex', 'anal', 'as sin', 'vx'];
const HAN = [
  '法轮功',
  '傻逼',
  '法轮',
  '代开发票',
  '加微信',
  '赌博',
  '裸聊',
  '性交易',
  '加v',
  'ばか',
  'хер',
  '개새끼',
  '𠮷',
];
const matcher = await WordMatcher.build([...LATIN, ...HAN].map((word) => ({ word })));
const matches = (text: string, words = matcher) => words.match(readingsOf(text.normalize('NFC')));
const found = (text: string): string[] => [...new Set(matches(text).map(({ word }) => word.word))];
const masked = (text: string): string => maskedText(text.normalize('NFC'), matches(text));

/** Every way in which people get a word past a filter, and the word. */
const DODGES: readonly (readonly [text: string, word: string])[] = [
  ['fuck', 'fuck'],
  ['what the FUCK man', 'fuck'],
  ['FuCk', 'fuck'],
  ['fuck!!!', 'fuck'],
  ['你fuck我', 'fuck'],
  ['fuck2024', 'fuck'],
  ['f u c k', 'fuck'],
  ['f.u.c.k', 'fuck'],
  ['f  u  c  k you', 'fuck'],
  ['F-U-C-K', 'fuck'],
  ['f_u_c_k', 'fuck'],
  ['f*u*c*k', 'fuck'],
  ['f😀u😀c😀k', 'fuck'],
  ['fu*ck', 'fuck'],
  ['fu_ck off', 'fuck'],
  ['i f u c k you', 'fuck'],
  ['ｆｕｃｋ', 'fuck'],
  ['Ｆ ｕ ｃ ｋ', 'fuck'],
  ['𝐟𝐮𝐜𝐤', 'fuck'],
  ['𝓯𝓾𝓬𝓴', 'fuck'],
  ['ⓕⓤⓒⓚ', 'fuck'],
  ['🅵🆄🅲🅺', 'fuck'],
  ['🇫🇺🇨🇰', 'fuck'],
  ['ꜰᴜᴄᴋ', 'fuck'],
  ['fuсk (Cyrillic с)', 'fuck'],
  ['fυск', 'fuck'],
  ['ѕһіт', 'shit'],
  ['f\u200bu\u200bc\u200bk', 'fuck'],
  ['f\u2060u\u00adc\ufe0fk', 'fuck'],
  ['f\u{e0001}u\u{e0061}ck', 'fuck'],
  ['fu\u0301c\u0327k\u0335', 'fuck'],
  ['f̶u̶c̶k̶', 'fuck'],
  ['fück', 'fuck'],
  ['f͎̻̤͉͔͖ú͙̯͇͎c̜̗̳̰̹k', 'fuck'],
  ['sh1t', 'shit'],
  ['5h1t', 'shit'],
  ['sh!t', 'shit'],
  ['sh|t', 'shit'],
  ['a$$', 'ass'],
  ['@ss', 'ass'],
  ['a s s', 'ass'],
  ['s3x', 'sex'],
  ['@n@1', 'anal'],
  ['bitching', 'bitch*'],
  ['b!tches', 'bitch*'],
  ['kill yourself', 'kill yourself'],
  ['killyourself', 'kill yourself'],
  ['Kill  YOURSELF!', 'kill yourself'],
  ['k i l l y o u r s e l f', 'kill yourself'],
  ['法轮功', '法轮功'],
  ['法 轮 功', '法轮功'],
  ['法.轮.功', '法轮功'],
  ['法，轮，功', '法轮功'],
  ['我说法*轮功好', '法轮功'],
  ['法轮 功', '法轮功'],
  ['法\u200b轮\u200d功', '法轮功'],
  ['法🌸轮🌸功', '法轮功'],
  ['法、轮', '法轮'],
  ['你 法 轮 吗', '法轮'],
  ['来赌 博 吧', '赌博'],
  ['赌 博吧', '赌博'],
  ['法|轮', '法轮'],
  ['你个傻~逼', '傻逼'],
  ['傻\u0336逼\u0336', '傻逼'],
  ['代 开 发 票', '代开发票'],
  ['⽤代开发票', '代开发票'],
  ['加 微-信', '加微信'],
  ['加Ｖ', '加v'],
  ['加V信', '加v'],
  ['加v123456', '加v'],
  ['加 v', '加v'],
  ['ﾊﾞｶ ばか', 'ばか'],
  ['ば か', 'ばか'],
  ['иди на хер', 'хер'],
  ['개 새 끼', '개새끼'],
  ['𠮷野家', '𠮷'],
  ['法@bob 轮功', '法轮功'],
  ['法 @bob_2 轮 @ann 功', '法轮功'],
  ['法[doge]轮[狗头]功', '法轮功'],
  ['赌[doge]博', '赌博'],
  ['fu[doge]ck', 'fuck'],
  ['f[a]u[b]c[c]k', 'fuck'],
  ['@fuck', 'fuck'],
  ['[fuck]', 'fuck'],
  ['[赌博]', '赌博'],
];

/** What people say that has the letters of a listed word, and is none. */
const INNOCENT: readonly string[] = [
  'class, assassin, bass and grass',
  'as sure as it gets',
  'it was as simple as that',
  'Scunthorpe, Penistone, Essex, Sussex and Middlesex',
  'the pen is mightier than the sword',
  'the pen.is here',
  'hello, shell and Michelle',
  "he'll come, she'll see, we'll win",
  'document, circumstances, cucumber',
  'analysis of a canal',
  'analog signals',
  'b a s s',
  'p a s s the ball',
  'Galaxy A55 and 455 coins',
  'push it to the limit',
  'hash it',
  'sh it',
  'a. s. Smith',
  'skill yourself up',
  'we will kill. But you? Yourself',
  'vxWorks and svx',
  'v. X marks the spot',
  'сосна и хлеб',
  'херсон',
  'тот рот',
  'as_sign',
  '没办法，轮到我了',
  '没办法 轮到我了',
  '没有办法。轮流来吧',
  '他用魔法。轮子转了',
  '太傻，逼着我笑',
  '性别：男，交易完成',
  '你说的加，微笑就好',
  '加油！信我',
  '加video看看',
  '代开会议，发了票',
  '发票已经开了',
  '法国车轮功能',
  '赌气，博得同情',
  '我敢赌 博物馆今天开门',
  'はか',
  'ばく、かい',
  '새 끼니',
  '2024年8月18日 10:30',
  '666666',
  '哈哈哈哈哈哈',
  '👍👍👍🎉🎉🎉',
  '<script>alert(1)</script>',
  'https://example.com/a?b=c&d=e',
  'O(n log n) vs O(n^2)',
  '@penny is here',
  '谢谢 @bob 加油',
  '说法[doge] 轮到我了',
  'a [doge] s',
];

describe('a word is found however it is spelled', () => {
  test.each(DODGES)('%s', (text, word) => {
    expect(found(text)).toContain(word);
  });
});

describe('what only has its letters is none', () => {
  test.each(INNOCENT)('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

test('the rest of a text stands as it was, and each character of a word is one star', () => {
  expect(masked('what the f u c k, 傻😀逼 ok')).toBe('what the *******, *** ok');
  expect(masked('a f\u200bu\u0301ck\u200b!')).toBe('a ****!');
  expect(masked('👨‍👩‍👧 法轮功👨‍👩‍👧')).toBe('👨‍👩‍👧 ***👨‍👩‍👧');
  expect(masked('say ｓｈｉｔ to A55')).toBe('say **** to A55');
  expect(masked('<b>fuck</b>')).toBe('<b>****</b>');
  expect(masked('法轮功法轮')).toBe('*****');
  expect(masked('nothing')).toBe('nothing');
});

test('a list with nothing in it, or only with what has no letters, finds nothing', async () => {
  expect(matches('anything', await WordMatcher.build([]))).toEqual([]);
  const empty = [{ word: '***' }, { word: '' }, { word: '😀' }, { word: 'x'.repeat(60) }];
  expect(matches(`*** 😀 ${'x'.repeat(60)}`, await WordMatcher.build(empty))).toEqual([]);
  expect(matches('')).toEqual([]);
});

test('a list that was changed finds what it has now, whatever of the one before is used again', async () => {
  const list = (from: number, to: number): { word: string; action?: string }[] =>
    Array.from({ length: to - from }, (_, index) => ({
      word: `词${(from + index).toString(2).replaceAll('1', '甲').replaceAll('0', '乙')}`,
    }));
  const all = list(4096, 6500);
  const [first = all[0], last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) throw new Error('there are words');
  const said = `${first.word} ${last.word} 新词`;
  const foundIn = (words: WordMatcher<{ word: string; action?: string }>): string[] =>
    words
      .match(readingsOf(said))
      .toSorted((one, other) => one.begin - other.begin)
      .map(({ word }) => `${word.word}${word.action ?? ''}`);
  const words = await WordMatcher.build(all);
  expect(foundIn(words)).toEqual([first.word, last.word]);
  await words.update([...all, { word: '新词' }]);
  expect(foundIn(words)).toEqual([first.word, last.word, '新词']);
  await words.update([...all.slice(1), { word: '新词', action: '!' }]);
  expect(foundIn(words)).toEqual([last.word, '新词!']);
  await words.update(all.slice(0, 1));
  expect(foundIn(words)).toEqual([first.word]);
  // Grown a few words at a time, past what is kept beside each other.
  const others = list(8192, 17_237);
  for (let count = 1; count <= 45; count++) await words.update(others.slice(0, count * 201));
  expect(foundIn(words)).toEqual([]);
  await words.update(all);
  expect(foundIn(words)).toEqual([first.word, last.word]);
  await words.update(all.slice(1));
  expect(foundIn(words)).toEqual([last.word]);
});

test('twenty thousand words are found like one', async () => {
  const words = Array.from({ length: 20_000 }, (_, index) => ({
    word: `w${index.toString(26).replaceAll(/\d/g, 'z')}q词`,
  }));
  const many = await WordMatcher.build([...words, { word: '法轮功' }]);
  const last = words.at(-1)?.word ?? '';
  const text = `一 ${last.split('').join(' ')} 二 ${words[0]?.word} 三 法*轮*功`;
  expect(new Set(matches(text, many).map(({ word }) => word.word))).toEqual(new Set([last, words[0]?.word, '法轮功']));
});
