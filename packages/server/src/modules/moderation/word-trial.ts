import type { TriedWords } from './contract.ts';
import { readingsOf } from './fold.ts';
import { maskedText } from './mask.ts';
import type { WordBook } from './word-book.ts';
import { EVERYWHERE } from './word-store.ts';

/** What the words that hold everywhere would make of a text by somebody without power, for whoever keeps the list. */
export async function tryWords(book: WordBook, given: string): Promise<TriedWords> {
  const text = given.normalize('NFC');
  const { everywhere } = await book.of(EVERYWHERE);
  const matches = everywhere.match(readingsOf(text));
  const does = (action: string): boolean => matches.some(({ word }) => word.action === action);
  const found = new Map(matches.map(({ word: { word, action } }) => [word, { word, action }]));
  return {
    verdict: does('block') ? 'blocked' : does('hold') ? 'held' : 'shown',
    text: maskedText(
      text,
      matches.filter(({ word }) => word.action === 'mask'),
    ),
    words: [...found.values()],
  };
}
