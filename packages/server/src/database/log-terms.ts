import { searchKeyOf } from './search-key.ts';

/** Scripts without spaces between words: indexed by two characters each. */
const DENSE = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const RUN = new RegExp(String.raw`[${DENSE}]+|(?:(?![${DENSE}])[\p{L}\p{N}])+`, 'gu');
const IS_DENSE = new RegExp(`^[${DENSE}]`, 'u');

const MAX_TERMS = 1000;
const MAX_TERM_LENGTH = 64;

/**
 * A text as an index has it, in order. A word is a term; of Chinese and its like every two characters that stand
 * together are one, and the last of a run alone, so that a single one is found by terms that begin with it.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [run] of searchKeyOf(text).matchAll(RUN)) {
    if (terms.length >= MAX_TERMS) break;
    if (IS_DENSE.test(run)) terms.push(...pairsOf(run), [...run].at(-1) ?? '');
    else terms.push(run.slice(0, MAX_TERM_LENGTH));
  }
  return terms.slice(0, MAX_TERMS);
}

/** Terms that stand one after the other; the last may be the beginning of one. */
interface Phrase {
  terms: string[];
  isOpen: boolean;
}

/** What is asked for, as phrases that all have to occur. */
function phrasesOf(asked: string): Phrase[] {
  const phrases: Phrase[] = [];
  for (const word of searchKeyOf(asked).split(/\s+/)) {
    let plain: string[] = [];
    const close = (isOpen: boolean): void => {
      if (plain.length > 0) phrases.push({ terms: plain, isOpen });
      plain = [];
    };
    for (const [run] of word.matchAll(RUN)) {
      if (!IS_DENSE.test(run)) {
        plain.push(run.slice(0, MAX_TERM_LENGTH));
        continue;
      }
      close(false);
      const pairs = pairsOf(run);
      phrases.push(pairs.length === 0 ? { terms: [run], isOpen: true } : { terms: pairs, isOpen: false });
    }
    close(true);
  }
  return phrases;
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`);
}

/** For SQLite's FTS5; undefined when there is no term in it. */
export function fts5Query(asked: string): string | undefined {
  const phrases = phrasesOf(asked).map(({ terms, isOpen }) => `"${terms.join(' ')}"${isOpen ? ' *' : ''}`);
  return phrases.length === 0 ? undefined : phrases.join(' AND ');
}

/** For PostgreSQL; terms are letters and digits, so that nothing in them wants quoting. */
export function tsQuery(asked: string): string | undefined {
  const phrases = phrasesOf(asked).map(({ terms, isOpen }) => {
    const phrase = terms.map((term) => `'${term}'`).join(' <-> ');
    return `(${phrase}${isOpen ? ':*' : ''})`;
  });
  return phrases.length === 0 ? undefined : phrases.join(' & ');
}

/** PostgreSQL's own form of an index entry: its parser does not know every language in every locale. */
export function tsVector(terms: readonly string[]): string {
  return terms.map((term, index) => `'${term}':${index + 1}`).join(' ');
}
