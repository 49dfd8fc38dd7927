import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { AppError } from '../gateway/contract.ts';
import type { RoomFacts } from '../live/contract.ts';
import type { Author } from './contract.ts';
import { createModerator } from './moderator.ts';
import { MuteStore, type MuteRow } from './mute-store.ts';
import { WordBook } from './word-book.ts';
import { WordStore } from './word-store.ts';
import { everywhere, WordService, type WordList } from './words.ts';

const NOW = 1_800_000_000_000;
// Of a room's facts a moderator reads whose it is.
const room = { id: 'room', userId: 'ada' } as RoomFacts;
const bob: Author = { person: 'user:bob', userId: 'bob', name: 'bob', isTrusted: false };
const mod: Author = { person: 'user:mod', userId: 'mod', name: 'mod', isTrusted: true };
const everybody = everywhere({ name: 'operator' });
const ofAda: WordList = { channelId: 'ada', subject: 'room:room', by: { name: 'user:ada', userId: 'ada' } };

/** One node of a platform: its own lists, the database and the state of all. */
async function nodeOf(database: Database, state: MemoryStateCenter) {
  const store = new WordStore(database);
  const mutes = new MuteStore(database, () => NOW);
  const book = new WordBook({ store, state });
  await book.start();
  onTestFinished(() => book.stop());
  const outbox = new Outbox({ database, state, logger: pino({ level: 'silent' }), now: () => NOW });
  outbox.start();
  onTestFinished(() => outbox.stop());
  const words = new WordService({ store, outbox, now: () => NOW, changed: (channelId) => book.forget(channelId) });
  const moderator = createModerator({ mutes, words: book });
  /** The text as it is shown, `held`, or the code of the refusal. */
  const say = async (text: string, { author = bob, mayLink = true } = {}): Promise<string> => {
    try {
      const { text: shown, verdict, isMasked } = await moderator.judge({ room, author, text, mayLink });
      expect(isMasked).toBe(shown !== text.normalize('NFC'));
      return verdict === 'held' ? `held ${shown}` : shown;
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  };
  return { mutes, words, moderator, say, outbox };
}

async function start(open: () => Promise<Database>) {
  const database = await open();
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const node = await nodeOf(database, state);
  const mute = (fields: Partial<MuteRow> = {}): Promise<boolean> =>
    database.transaction().execute((transaction) =>
      node.mutes.put(transaction, {
        ...{ channel_id: 'ada', person: 'user:bob', name: null, until: null, reason: null, created_by: null },
        ...{ created_at: NOW, ...fields },
      }),
    );
  return { ...node, database, state, mute };
}

onEveryDatabase('a moderator', (open) => {
  test('masks, holds and blocks, the hardest first, by the lists of all and of the channel', async () => {
    const { words, say } = await start(open);
    await words.add(everybody, { word: '赌博', action: 'mask' });
    await words.add(everybody, { word: 'evil', action: 'block' });
    await words.add(ofAda, { word: '广告', action: 'hold' });
    await words.add(ofAda, { word: 'meh', action: 'mask' });
    expect(await say('你好')).toBe('你好');
    expect(await say('来赌 博 吧, meh')).toBe('来*** 吧, ***');
    expect(await say('卖广告，赌博')).toBe('held 卖广告，**');
    expect(await say('广告 ｅｖｉｌ')).toBe('words_blocked');
    expect(await say('卖广告 meh 赌博', { author: mod })).toBe('卖广告 meh **');
    expect(await say('evil', { author: mod })).toBe('words_blocked');
    expect(await say('ｅｖｅｎ')).toBe('ｅｖｅｎ');
  });

  test('lets a word go when it is taken off its list, and changes its action', async () => {
    const { words, say } = await start(open);
    const { id } = await words.add(everybody, { word: 'evil', action: 'block' });
    expect(await say('evil')).toBe('words_blocked');
    expect((await words.add(everybody, { word: 'EVIL', action: 'mask' })).id).toBe(id);
    expect(await say('evil')).toBe('****');
    await expect(words.remove(ofAda, { id })).rejects.toMatchObject({ code: 'word_not_found' });
    await words.remove(everybody, { word: 'Ｅvil' });
    expect(await say('evil')).toBe('evil');
  });

  test('on every node goes by what was changed on another', async () => {
    const { words, say, database, state } = await start(open);
    const other = await nodeOf(database, state);
    expect(await other.say('evil')).toBe('evil');
    await words.add(everybody, { word: 'evil', action: 'mask' });
    expect(await say('evil')).toBe('****');
    await expect.poll(() => other.say('evil'), { timeout: 20_000 }).toBe('****');
    await other.words.add(ofAda, { word: 'good', action: 'mask' });
    await expect.poll(() => say('good'), { timeout: 20_000 }).toBe('****');
  });

  test('takes links only from whom the channel lets', async () => {
    const { say } = await start(open);
    expect(await say('看 example.com')).toBe('看 example.com');
    expect(await say('看 example。com', { mayLink: false })).toBe('links_forbidden');
    expect(await say('看 example.com', { mayLink: false, author: mod })).toBe('看 example.com');
    expect(await say('没有', { mayLink: false })).toBe('没有');
  });

  test('refuses whoever is muted, from the answer to the mute on', async () => {
    const { say, moderator, mute } = await start(open);
    expect(await moderator.mutedUntil('ada', 'user:bob')).toBeUndefined();
    let isMuted = false;
    const late: string[] = [];
    const talk = async (): Promise<void> => {
      for (let count = 0; count < 20; count++) {
        const begunAfter = isMuted;
        const said = await say('嗨');
        if (begunAfter) late.push(said);
      }
    };
    const talking = Promise.all(Array.from({ length: 10 }, talk));
    await mute();
    isMuted = true;
    await talking;
    late.push(await say('嗨'));
    expect(new Set(late)).toEqual(new Set(['muted']));
    expect(await moderator.mutedUntil('ada', 'user:bob')).toBe(Infinity);
    await mute({ until: NOW - 1 });
    expect(await say('嗨')).toBe('嗨');
    await mute({ until: NOW + 1, person: 'user:mod' });
    expect(await say('嗨', { author: mod })).toBe('muted');
  });

  test('leaves markup alone: it is text', async () => {
    const { words, say } = await start(open);
    await words.add(everybody, { word: 'alert', action: 'mask' });
    for (const text of XSS) expect(await say(text)).toBe(text);
    expect(await say('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=*****(1)>');
  });

  test('imports all of a text or none', async () => {
    const { words, say } = await start(open);
    const text = '\uFEFF# 注释\n赌博\tblock\t法务\r\n\nmeh\nMEH\thold\n裸 聊\n';
    expect(await words.import(everybody, { text, action: 'mask' })).toEqual({ words: 3, total: 3 });
    expect([await say('赌博'), await say('meh'), await say('裸聊')]).toEqual(['words_blocked', 'held meh', '**']);
    for (const [bad, line] of [
      ['ok\n😀😀', '2'],
      ['ok\tshout', '1'],
      [`ok\n\n${'x'.repeat(101)}`, '3'],
      ['a\u0000b', '1'],
    ] as const)
      await expect(words.import(everybody, { text: bad, action: 'mask' })).rejects.toMatchObject({
        code: 'invalid_word_line',
        details: { line },
      });
    expect((await words.list('', { page: 1, pageSize: 10 })).total).toBe(3);
    const many = Array.from({ length: 2001 }, (_, index) => `w${index}`).join('\n');
    await expect(words.import(ofAda, { text: many, action: 'mask' })).rejects.toMatchObject({ code: 'too_many_words' });
    expect((await words.list('ada', { page: 1, pageSize: 10 })).total).toBe(0);
    await expect(words.add(ofAda, { word: '😀', action: 'mask' })).rejects.toMatchObject({ code: 'word_empty' });
  });
});

const XSS = [
  '<script>x()</script>',
  '"><svg/onload=x()>',
  "javascript:x('1')",
  '{{7*7}} ${7*7} <%= 7 %>',
  '&lt;b&gt; &#x3c;',
  "'; DROP TABLE users; --",
  '\\u003cscript\\u003e',
];
