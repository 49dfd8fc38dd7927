import { expect, test } from 'vitest';
import { AppError } from '../../gateway/contract.ts';
import { foldText, mentionedNames, normalizeText, shorten } from './text.ts';

const MARK = '\u0301';

test.each([
  ['plain text of any script', 'Hello, 世界! Привет שלום مرحبا नमस्ते', 'Hello, 世界! Привет שלום مرحبا नमस्ते'],
  ['markup stays the letters it is', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  [
    'entities too',
    '&lt;script&gt; {{7*7}} ${x} javascript:alert(1)',
    '&lt;script&gt; {{7*7}} ${x} javascript:alert(1)',
  ],
  ['several lines are one', 'a\r\nb\u2028c\td', 'a b c d'],
  ['spaces are one', '  a \u3000 \u00a0 b  ', 'a b'],
  ['composed', 'e\u0301', 'é'],
  ['no controls', 'a\u0000b\u001b[31mc\u007f\u0085', 'ab[31mc'],
  ['no bidi overrides', 'a\u202egnp.exe\u202c \u2066x\u2069\u200f', 'agnp.exe x'],
  ['no zero widths', 'b\u200ba\u200cd\u2060w\ufeffo\u00adrd\u034f', 'badword'],
  ['no joiner outside an emoji', 'a\u200db', 'ab'],
  ['families stay together', '👩‍👩‍👧‍👦 👍🏽 ❤️‍🔥 🏳️‍🌈', '👩‍👩‍👧‍👦 👍🏽 ❤️‍🔥 🏳️‍🌈'],
  [
    'a flag of a region is whole',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  ],
  ['hidden tags go', `hi\u{e0068}\u{e0069}\u{e007f}`, 'hi'],
  ['towers are cut', `Z${MARK.repeat(60)}a`, `Ź${MARK.repeat(4)}a`],
  ['marks that a script needs stay', 'ก็ ที่ ญี่ปุ่น', 'ก็ ที่ ญี่ปุ่น'],
  ['half a character goes', 'a\ud83d b\udc00', 'a b'],
  ['fillers go', 'x\u3164\u115f\uffa0y', 'xy'],
])('%s', (_name, raw, kept) => {
  expect(normalizeText(raw)).toBe(kept);
  expect(normalizeText(kept)).toBe(kept);
});

test.each([
  ['nothing', '', 'message_empty'],
  ['only spaces and what is not seen', ' \u200b\u202e\u3164\u2800\n', 'message_empty'],
  ['marks on nothing', MARK.repeat(3), 'message_empty'],
  ['one character too many', 'x'.repeat(501), 'message_too_long'],
  ['too many bytes', '𠀀'.repeat(501), 'message_too_long'],
  ['too many bytes of fewer characters', `${'👨‍👩‍👧‍👦'.repeat(20)}${'字'.repeat(400)}`, 'message_too_long'],
  ['100 kB', 'x'.repeat(100_000), 'message_too_long'],
  ['a storm of emoji', '😀'.repeat(31), 'too_many_emoji'],
  ['a storm of families', '👩‍👩‍👧'.repeat(31), 'too_many_emoji'],
  ['a storm of emotes', '[fire]'.repeat(31), 'too_many_emoji'],
])('%s is refused', (_name, raw, code) => {
  let refusal: unknown;
  try {
    normalizeText(raw);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(AppError);
  expect(refusal).toMatchObject({ code });
});

test('what is hostile to patterns is looked through in time', () => {
  const beganMs = performance.now();
  for (const piece of [MARK, '\u200d', '\u{1f3f4}\u{e0067}', '[', '@a', ' \u200b', '👩\u200d', '\ud83d'])
    for (const raw of [piece.repeat(4000), `x${piece.repeat(4000)}x`])
      try {
        normalizeText(raw);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
  expect(performance.now() - beganMs).toBeLessThan(3000);
});

test('bounds are counted after what is removed', () => {
  expect(normalizeText('\u200b'.repeat(600) + 'x'.repeat(500))).toHaveLength(500);
  expect(normalizeText('😀'.repeat(30))).toBe('😀'.repeat(30));
});

test('compared texts ignore width, case and spacing', () => {
  expect(foldText('ＡbＣ  d')).toBe(foldText('abc D'));
});

test('names after @ are found once, of bounded number', () => {
  expect(mentionedNames('hi @bob, @小明 and mail me@example.org @bob @x @a.b-')).toEqual(['bob', '小明', 'a.b']);
  expect(mentionedNames('@aa @bb @cc @dd @ee @ff')).toHaveLength(5);
});

test('a quote is cut between characters', () => {
  expect(shorten('😀😀😀', 2)).toBe('😀…');
  expect(shorten('ab', 2)).toBe('ab');
});
