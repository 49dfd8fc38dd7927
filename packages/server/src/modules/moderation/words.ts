import { randomUUID } from 'node:crypto';
import type { Transaction } from '../../database/database.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import type { WordAction } from '../../database/tables/moderation.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { AppError } from '../gateway/contract.ts';
import { actionSchema, newWordSchema, WORDS_CHANGED, type NewWord, type Page, type Word } from './contract.ts';
import { noteDown, type By } from './desk.ts';
import { wordKeyOf } from './word-matcher.ts';
import { EVERYWHERE, type WordRow, type WordStore } from './word-store.ts';

/** Words of one list: what holds everywhere, and what holds in a channel. */
const MOST_WORDS = { everywhere: 50_000, channel: 2000 };
/** A line of an imported file. */
const LINE = /^([^\t]*)(?:\t([^\t]*))?(?:\t(.*))?$/;

export interface WordServiceDeps {
  store: WordStore;
  outbox: Outbox;
  now: () => number;
  /** The list is not what it was. After the commit; other nodes hear of it by themselves. */
  changed: (channelId: string) => void;
}

/** Whose list, and who changes it. `subject` is as in the audit trail. */
export interface WordList {
  channelId: string;
  subject: string;
  by: By;
}

/** The list that holds everywhere. */
export const everywhere = (by: By): WordList => ({ channelId: EVERYWHERE, subject: 'words', by });

/** Keeps the lists of words. Who may is for those who call to judge. */
export class WordService {
  readonly #deps: WordServiceDeps;

  constructor(deps: WordServiceDeps) {
    this.#deps = deps;
  }

  async list(channelId: string, page: Page & { q?: string }): Promise<{ words: Word[]; total: number }> {
    const { rows, total } = await this.#deps.store.list(channelId, page);
    return { words: rows.map(wordOf), total };
  }

  /** A word that the list has gets the new action and note. @throws AppError word_empty, too_many_words */
  async add(list: WordList, input: NewWord): Promise<Word> {
    const { store } = this.#deps;
    const row = this.#row(list, input);
    const details = { word: row.word, action: row.action };
    return this.#change(list, { action: 'word.added', details }, async (transaction) => {
      await store.put(transaction, [row]);
      await this.#assertRoom(transaction, list);
      return wordOf(await store.byKey(transaction, { channelId: list.channelId, key: row.word_key }));
    });
  }

  /** @throws AppError word_not_found */
  async remove(list: WordList, by: { id: string } | { word: string }): Promise<Word> {
    const { store } = this.#deps;
    const { channelId } = list;
    const which = 'id' in by ? { channelId, id: by.id } : { channelId, key: wordKeyOf(by.word) };
    return this.#change(list, { action: 'word.removed' }, async (transaction, describe) => {
      const row = await store.remove(transaction, which);
      if (row === undefined) throw new AppError('word_not_found');
      describe({ word: row.word });
      return wordOf(row);
    });
  }

  /**
   * All or none of the words of a text, a line each.
   * @throws AppError invalid_word_line with its number, too_many_words
   */
  async import(
    list: WordList,
    { text, action }: { text: string; action: WordAction },
  ): Promise<{ words: number; total: number }> {
    const rows = this.#rowsOf(list, text, action);
    const details = { words: rows.length };
    return this.#change(list, { action: 'words.imported', details }, async (transaction) => {
      await this.#deps.store.put(transaction, rows);
      return { words: rows.length, total: await this.#assertRoom(transaction, list) };
    });
  }

  #rowsOf(list: WordList, text: string, action: WordAction): WordRow[] {
    const rows = new Map<string, WordRow>();
    for (const [index, line] of text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const [, word = '', named = '', note = ''] = LINE.exec(line) ?? [];
      const input = newWordSchema.safeParse({
        word,
        action: named.trim() === '' ? action : (actionSchema.safeParse(named.trim()).data ?? named),
        note: note.trim() === '' ? undefined : note,
      });
      if (!input.success || wordKeyOf(input.data.word) === '')
        throw new AppError('invalid_word_line', { line: String(index + 1) });
      const row = this.#row(list, input.data);
      // The last one of a word counts.
      rows.set(row.word_key, row);
    }
    return [...rows.values()];
  }

  #row({ channelId, by }: WordList, { word, action, note }: NewWord): WordRow {
    const key = wordKeyOf(word);
    if (key === '') throw new AppError('word_empty');
    return {
      id: randomUUID(),
      channel_id: channelId,
      word,
      word_key: key,
      action,
      note: note ?? null,
      created_by: by.userId ?? null,
      created_at: this.#deps.now(),
    };
  }

  /** Answers how many words the list has. */
  async #assertRoom(transaction: Transaction, { channelId }: WordList): Promise<number> {
    const count = await this.#deps.store.count(transaction, channelId);
    if (count > (channelId === EVERYWHERE ? MOST_WORDS.everywhere : MOST_WORDS.channel))
      throw new AppError('too_many_words');
    return count;
  }

  async #change<Result>(
    { channelId, subject, by }: WordList,
    note: { action: string; details?: Record<string, unknown> },
    change: (transaction: Work['transaction'], describe: (details: Record<string, unknown>) => void) => Promise<Result>,
  ): Promise<Result> {
    const { outbox, now, changed } = this.#deps;
    const result = await outbox.transact(async ({ transaction, emit }) => {
      let { details = {} } = note;
      const done = await change(transaction, (more) => (details = { ...details, ...more }));
      await noteDown(transaction, { by, action: note.action, subject, details, atMs: now() });
      await emit({ channel: CONTROL_CHANNEL, event: WORDS_CHANGED, data: { channelId } });
      return done;
    });
    changed(channelId);
    return result;
  }
}

function wordOf({ id, word, action, note, created_at: createdAt }: WordRow): Word {
  return { id, word, action, note: note ?? undefined, createdAt };
}
