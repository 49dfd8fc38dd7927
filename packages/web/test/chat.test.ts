import type { ChatMessage, SentGift } from '@kaibo/client';
import { expect, test } from 'vitest';
import {
  lineOf,
  MAX_LINES,
  mergeGifts,
  mergeLines,
  mergeSnapshot,
  recentPeople,
  trimLines,
  withoutMessage,
  withoutPerson,
} from '../src/features/chat/message-list.ts';
import type { ChatLine } from '../src/features/chat/message-list.ts';
import { countUpTo, ReplayWindow } from '../src/features/chat/replay-window.ts';
import { piecesOf } from '../src/features/chat/text-pieces.ts';

function message(id: string, more: Partial<ChatMessage> = {}): ChatMessage {
  const at = Number.parseInt(id, 36);
  return { id, roomId: 'r', person: 'user:a', user: { name: 'A' }, text: id, at, mediaAt: at, ...more };
}
const linesOf = (...ids: string[]): ChatLine[] => ids.map((id) => lineOf(message(id)));
const idsOf = (lines: readonly ChatLine[]): string[] => lines.map(({ id }) => id);
const note: ChatLine = { kind: 'system', id: 'system-1', text: 'slow mode is on', about: 'rules' };

test.each<[name: string, before: ChatLine[], arrived: string[], after: string[]]>([
  ['at the end', linesOf('b'), ['c', 'd'], ['b', 'c', 'd']],
  ['what is known already', linesOf('b', 'c'), ['b', 'c', 'd'], ['b', 'c', 'd']],
  ['twice at once', [], ['b', 'b'], ['b']],
  ['late', linesOf('b', 'd'), ['c'], ['b', 'c', 'd']],
  ['what was before', linesOf('d'), ['a', 'b'], ['a', 'b', 'd']],
  ['behind what the page told', [...linesOf('b'), note], ['c'], ['b', 'system-1', 'c']],
  ['late, before what the page told', [...linesOf('b', 'd'), note], ['c'], ['b', 'c', 'd', 'system-1']],
])('messages are put together in the order of time: %s', (_name, before, arrived, after) => {
  const given = idsOf(before);
  expect(
    idsOf(
      mergeLines(
        before,
        arrived.map((id) => message(id)),
      ),
    ),
  ).toEqual(after);
  expect(idsOf(before)).toEqual(given);
});

test.each<[name: string, before: ChatLine[], snapshot: string[], after: string[]]>([
  ['at first', [], ['b', 'c'], ['b', 'c']],
  ['nothing was missed', [...linesOf('a', 'b', 'c'), note], ['b', 'c', 'd'], ['a', 'b', 'c', 'system-1', 'd']],
  ['one was deleted meanwhile', linesOf('a', 'b', 'c'), ['b', 'd'], ['a', 'b', 'd']],
  ['more was missed than it has', [...linesOf('a', 'b'), note], ['d', 'e'], ['d', 'e']],
  ['all was deleted', [...linesOf('a'), note], [], ['system-1']],
  ['mine waits', [...linesOf('a'), lineOf(message('b', { held: true }))], ['a', 'c'], ['a', 'b', 'c']],
])('after events were lost the list is as the server says: %s', (_name, before, snapshot, after) => {
  expect(
    idsOf(
      mergeSnapshot(
        before,
        snapshot.map((id) => message(id)),
      ),
    ),
  ).toEqual(after);
});

test('a combo of gifts is one line where it began, and counts up in whichever order it is told', () => {
  const give = (id: string, count: number): SentGift => ({
    ...{ id: `${id}${count}`, count: 1, total: 1, at: 1, combo: { id, count } },
    sender: { id: 'a', username: 'a', name: 'A' },
    receiver: { id: 'b', username: 'b', name: 'B' },
    gift: { id: 'rose', name: { zh: '玫瑰', en: 'Rose' }, icon: 'rose', price: 5, effect: 'none' },
  });
  const begun = mergeGifts(linesOf('b'), [give('x', 1), give('y', 1)]);
  const lines = mergeGifts(mergeLines(begun, [message('c')]), [give('x', 3), give('x', 2)]);
  expect(idsOf(lines)).toEqual(['b', 'gift-x', 'gift-y', 'c']);
  expect(lines[1]).toMatchObject({ sent: { combo: { count: 3 } } });
});

test('the newest word on a message counts', () => {
  const [line] = mergeLines([lineOf(message('b', { held: true }))], [message('b', { text: 'shown' })]);
  expect(line).toMatchObject({ message: { text: 'shown' } });
  expect(line).not.toHaveProperty('message.held');
});

test('the list forgets its oldest, later while somebody reads them', () => {
  const many = Array.from({ length: MAX_LINES + 101 }, (_, index) => lineOf(message(`m${1000 + index}`)));
  expect(trimLines(many, true)).toBe(many);
  const kept = trimLines(many, false);
  expect([kept.length, kept.at(-1)?.id]).toEqual([MAX_LINES, many.at(-1)?.id]);
  expect(trimLines(kept, false)).toBe(kept);
});

test('what is deleted is gone, and its words in the answers to it', () => {
  const answer = message('c', { person: 'user:b', replyTo: { id: 'b', name: 'A', text: 'secret' } });
  const left = withoutMessage([...linesOf('b'), lineOf(answer), note], 'b');
  expect(idsOf(left)).toEqual(['c', 'system-1']);
  expect(JSON.stringify(left)).not.toContain('secret');
  expect(idsOf(withoutPerson([...linesOf('b', 'd'), lineOf(answer)], 'user:a'))).toEqual(['c']);
});

test('people are suggested by who spoke last, each once, and only those with an account', () => {
  const by = (id: string, username?: string): ChatLine =>
    lineOf(
      message(id, { person: username ?? id, user: { name: username ?? '#1', ...(username ? { username } : {}) } }),
    );
  const lines = [by('a', 'lin'), by('b', 'tom'), by('c'), by('d', 'lin')];
  expect(recentPeople(lines, 5).map(({ username }) => username)).toEqual(['lin', 'tom']);
  expect(recentPeople(lines, 1).map(({ username }) => username)).toEqual(['lin']);
});

const emotes = new Map([
  ['heart', '/heart.svg'],
  ['猫', '/cat.svg'],
]);
const mentions = [{ userId: 'u1', username: 'lin_7' }];

test.each<[text: string, pieces: string[]]>([
  ['hello', ['text hello']],
  ['[heart]', ['emote [heart] /heart.svg']],
  ['a[heart][heart]b', ['text a', 'emote [heart] /heart.svg', 'emote [heart] /heart.svg', 'text b']],
  ['[猫]', ['emote [猫] /cat.svg']],
  ['[nothing] [ heart ] [[heart]]', ['text [nothing] [ heart ] [', 'emote [heart] /heart.svg', 'text ]']],
  ['hi @LIN_7!', ['text hi ', 'mention @LIN_7 u1', 'text !']],
  ['a@b.c @nobody', ['text a@b.c @nobody']],
  ['<img src=x onerror=alert(1)>', ['text <img src=x onerror=alert(1)>']],
  ['[constructor] @__proto__', ['text [constructor] @__proto__']],
  ['', []],
])('%j is cut into %j', (text, expected) => {
  const pieces = piecesOf(text, { emotes, mentions });
  const told = pieces.map((piece) => {
    if (piece.kind === 'emote') return `emote ${piece.text} ${piece.url}`;
    return piece.kind === 'mention' ? `mention ${piece.text} ${piece.userId}` : `text ${piece.text}`;
  });
  expect(told).toEqual(expected);
  expect(pieces.map((piece) => piece.text).join('')).toBe(text);
});

test('a text of brackets and signs alone is cut in no time', () => {
  const text = '[@['.repeat(2000);
  const startMs = performance.now();
  expect(piecesOf(text, { emotes, mentions })).toEqual([{ kind: 'text', text }]);
  expect(performance.now() - startMs).toBeLessThan(1000);
});

const at = (mediaAt: number): ChatMessage => message(`m${mediaAt}`, { mediaAt });

test('a replay shows what had been said when the picture was made', () => {
  const said = [at(10), at(20), at(20), at(30)];
  expect([9, 10, 19, 20, 30, 99].map((epochMs) => countUpTo(said, epochMs))).toEqual([0, 1, 1, 3, 4, 4]);
  expect(countUpTo([], 5)).toBe(0);
});

test('a stretch of a replay knows how far it reaches', () => {
  const span = new ReplayWindow(5, { messages: [at(10), at(20)], next: 'x' });
  expect([4, 5, 20, 21].map((epochMs) => span.covers(epochMs))).toEqual([false, true, true, false]);
  expect(span.between(10, 20).map(({ mediaAt }) => mediaAt)).toEqual([20]);
  span.append({ messages: [at(30)] });
  expect([span.toMs, span.next, span.covers(1e15)]).toEqual([Infinity, undefined, true]);
  expect(span.messages).toHaveLength(3);
});

test('a long replay keeps a bounded part of its chat', () => {
  const span = new ReplayWindow(0, { messages: [], next: 'x' });
  for (let page = 0; page < 15; page += 1) {
    span.append({ messages: Array.from({ length: 200 }, (_, index) => at(page * 200 + index)), next: 'x' });
  }
  expect([span.messages.length, span.messages.at(-1)?.mediaAt]).toEqual([2000, 2999]);
});
