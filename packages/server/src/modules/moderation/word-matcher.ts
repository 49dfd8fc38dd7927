import { setImmediate } from 'node:timers/promises';
import { AhoCorasick } from '@monyone/aho-corasick/fast';
import { formsOf, type Gap, type Reading, type Unit } from './fold.ts';

/** A word of a list. `*` at its beginning or end lets it be part of a longer word. */
export interface ListedWord {
  word: string;
}

/** Where a word was found, as a part of the NFC text. */
export interface Match<Word> {
  word: Word;
  begin: number;
  end: number;
}

/** A word as it is on the list now, and what the automata find it by. */
interface Entry<Word> {
  word: Word;
  keys: readonly string[];
}

/** One way in which a listed word may stand in a reading. */
interface Pattern<Word> {
  entry: Entry<Word>;
  letters: readonly Unit[];
  isOpenBefore: boolean;
  isOpenBehind: boolean;
  /** Has a letter of a script that is written without spaces. */
  isUnspaced: boolean;
}

/** Most letters of a word: what is longer is no word, and would make the automaton large. */
const MAX_WORD_LETTERS = 50;
/** A word that is cut in two by a sign is recognized from this length on; shorter ones are too often two words. */
const MIN_CUT_LETTERS = 4;
/** Two letters with a space between are two words more often than one. */
const MIN_SPELLED_GAPS = 2;
/** Single letters that are words of their own before a word that is spelled out. */
const LONE = new Set(['a', 'i', 'u', 'o']);

/** Words of one automaton: building a larger one takes long enough for others to notice. */
const CHUNK_WORDS = 2000;
/** Words that are folded in one go. */
const SLICE_WORDS = 500;
/** Keys that are built anew with each change, at most. */
const MAX_REST = 200;
/** Each is a way through the text: with more everything is built anew, in chunks. */
const MAX_AUTOMATA = 40;
/** Keys that the automata find though no word has them any more, beyond which everything is built anew. */
const MAX_STALE = 2000;

/** Finds the words of a list in a text, however they are spelled, in time that hardly depends on how many there are. */
export class WordMatcher<Word extends ListedWord> {
  readonly #entries = new Map<string, Entry<Word>>();
  readonly #patterns = new Map<string, Pattern<Word>[]>();
  /** Of a chunk of keys each, or of fewer. */
  #full: AhoCorasick[] = [];
  readonly #fullKeys = new Set<string>();
  /** Of the few keys that are in none of these. */
  #rest: AhoCorasick | undefined;

  static async build<Word extends ListedWord>(words: readonly Word[]): Promise<WordMatcher<Word>> {
    const matcher = new WordMatcher<Word>();
    await matcher.update(words);
    return matcher;
  }

  /**
   * From now on the list is this one. Lets others work in between, for 20,000 new words take half a second; of a list that
   * was changed a little most stays as it is.
   */
  async update(words: readonly Word[]): Promise<void> {
    const wanted = new Map(words.map((word) => [word.word, word]));
    for (const [text, entry] of this.#entries) if (!wanted.has(text)) this.#remove(text, entry);
    let added = 0;
    for (const [text, word] of wanted) {
      const known = this.#entries.get(text);
      if (known !== undefined) {
        known.word = word;
        continue;
      }
      this.#add(text, word);
      if (++added % SLICE_WORDS === 0) await setImmediate();
    }
    await this.#buildAutomata();
  }

  /** In what `readingsOf` gives for a text; a word once for each reading that has it. Places are of that text. */
  match(readings: readonly Reading[]): Match<Word>[] {
    const automata = this.#rest === undefined ? this.#full : [...this.#full, this.#rest];
    return readings.flatMap((reading) => automata.flatMap((automaton) => this.#matchIn(automaton, reading)));
  }

  #add(text: string, word: Word): void {
    const forms = formsOf(text).filter(({ units }) => units.length > 0 && units.length <= MAX_WORD_LETTERS);
    const entry: Entry<Word> = { word, keys: forms.map(({ units }) => keyOf(units)) };
    this.#entries.set(text, entry);
    for (const { units: letters } of forms) {
      const pattern: Pattern<Word> = {
        ...{ entry, letters, isOpenBefore: text.startsWith('*'), isOpenBehind: text.endsWith('*') },
        isUnspaced: letters.some(({ script }) => script === 'han'),
      };
      const key = keyOf(letters);
      const same = this.#patterns.get(key);
      if (same === undefined) this.#patterns.set(key, [pattern]);
      else same.push(pattern);
    }
  }

  #remove(text: string, entry: Entry<Word>): void {
    this.#entries.delete(text);
    for (const key of entry.keys) {
      const others = (this.#patterns.get(key) ?? []).filter((pattern) => pattern.entry !== entry);
      if (others.length > 0) this.#patterns.set(key, others);
      else this.#patterns.delete(key);
    }
  }

  /** What an automaton finds beyond the list has no pattern, and is none. */
  async #buildAutomata(): Promise<void> {
    let used = 0;
    for (const key of this.#fullKeys) if (this.#patterns.has(key)) used++;
    const isStale = this.#fullKeys.size - used > MAX_STALE || this.#full.length > MAX_AUTOMATA;
    if (isStale) this.#fullKeys.clear();
    const full = isStale ? [] : [...this.#full];
    const missing = [...this.#patterns.keys()].filter((key) => !this.#fullKeys.has(key));
    while (missing.length > MAX_REST) {
      const keys = missing.splice(-CHUNK_WORDS);
      full.push(new AhoCorasick(keys));
      for (const key of keys) this.#fullKeys.add(key);
      await setImmediate();
    }
    this.#full = full;
    this.#rest = missing.length === 0 ? undefined : new AhoCorasick(missing);
  }

  #matchIn(automaton: AhoCorasick, reading: Reading): Match<Word>[] {
    const { units } = reading;
    const text = units.map(({ letter }) => letter).join('');
    // A letter beyond the first plane is two UTF-16 units.
    const unitAt = text.length === units.length ? undefined : unitIndex(units);
    const found: Match<Word>[] = [];
    for (const { begin: from, keyword } of automaton.matchInText(text)) {
      const first = unitAt === undefined ? from : unitAt[from];
      if (first === undefined) continue;
      for (const pattern of this.#patterns.get(keyword) ?? []) {
        const place = { first, last: first + pattern.letters.length - 1 };
        const [begin, end] = [units[first]?.begin, units[place.last]?.end];
        if (begin === undefined || end === undefined || !stands(pattern, reading, place)) continue;
        found.push({ word: pattern.entry.word, begin, end });
      }
    }
    return found;
  }
}

function keyOf(letters: readonly Unit[]): string {
  return letters.map(({ letter }) => letter).join('');
}

/** What is compared when words of a list are: one key, one word. '' for what has no letters, or more than a word has. */
export function wordKeyOf(word: string): string {
  const units = formsOf(word)[0]?.units ?? [];
  if (units.length === 0 || units.length > MAX_WORD_LETTERS) return '';
  const letters = units.map(({ letter, gap }, index) => (index > 0 && gap !== 'none' ? ` ${letter}` : letter));
  return `${word.startsWith('*') ? '*' : ''}${letters.join('')}${word.endsWith('*') ? '*' : ''}`;
}

interface Place {
  first: number;
  last: number;
}

/** Whether what has the letters of a word is that word, and not parts of others beside each other. */
function stands<Word>(pattern: Pattern<Word>, { units, tail }: Reading, place: Place): boolean {
  const before = units[place.first - 1];
  const after = units[place.last + 1];
  const gapBefore = units[place.first]?.gap ?? 'none';
  const gapBehind = after?.gap ?? tail;
  const isEdgeBefore = before === undefined || gapBefore !== 'none';
  const isEdgeBehind = after === undefined || gapBehind !== 'none';
  if (!pattern.isOpenBefore && !isEdgeBefore && runsOn(before, units[place.first])) return false;
  if (!pattern.isOpenBehind && !isEdgeBehind && runsOn(units[place.last], after)) return false;
  const gaps = gapsIn(pattern, units, place);
  if (gaps.every((gap) => gap === 'none')) return true;
  if (pattern.isUnspaced) {
    if (gaps.length > 1 || !gaps.includes('soft')) return true;
    // Two characters over a clause's end: 没办法，轮到我了 is none; with another gap beside them, 说法 轮 吧, they are one.
    return isEdgeBefore || isEdgeBehind;
  }
  if (!gaps.includes('none') && gaps.length >= MIN_SPELLED_GAPS) return !isPartOfSpelled(units, place);
  return gaps.length + 1 >= MIN_CUT_LETTERS && !gaps.includes('soft') && isEdgeBefore && isEdgeBehind;
}

/** What stands between its letters where the word itself has nothing. */
function gapsIn<Word>({ letters }: Pattern<Word>, units: readonly Unit[], { first }: Place): Gap[] {
  const gaps: Gap[] = [];
  for (let index = 1; index < letters.length; index++)
    if (letters[index]?.gap === 'none') gaps.push(units[first + index]?.gap ?? 'none');
  return gaps;
}

/** Letters of one word, or digits of one number. */
function runsOn(left: Unit | undefined, right: Unit | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left.script === right.script && left.script !== 'han';
}

/** `a s s` within `b a s s`: a longer word is spelled out, which is another. */
function isPartOfSpelled(units: readonly Unit[], { first, last }: Place): boolean {
  const isAlone = (index: number): boolean => {
    const unit = units[index];
    if (unit === undefined || unit.script !== 'spaced' || LONE.has(unit.letter)) return false;
    const next = units[index + 1];
    return (index === 0 || unit.gap !== 'none') && (next === undefined || next.gap !== 'none');
  };
  return isAlone(first - 1) || isAlone(last + 1);
}

/** Of each UTF-16 unit of the joined letters the unit that begins there. */
function unitIndex(units: readonly Unit[]): (number | undefined)[] {
  const index: (number | undefined)[] = [];
  let at = 0;
  for (const [number, { letter }] of units.entries()) {
    index[at] = number;
    at += letter.length;
  }
  return index;
}
