import { boxedLetterOf, latinOf, leetOf } from './look-alikes.ts';

/**
 * What stands between letters: `soft` ends a clause or a word in ordinary writing too (space, comma, full stop, quote),
 * `hard` does so rarely (`*`, `_`, a picture).
 */
export type Gap = 'none' | 'soft' | 'hard';

/** A letter or digit as it is compared, and the part of the text that it was. */
export interface Unit {
  /** One UTF-16 unit or more; never empty. */
  letter: string;
  begin: number;
  end: number;
  /** What stands before it. */
  gap: Gap;
  script: 'han' | 'spaced' | 'digit';
}

/** A text read in one way. Several readings of one text differ in how signs and look-alikes are taken. */
export interface Reading {
  units: readonly Unit[];
  /** What stands behind the last unit. */
  tail: Gap;
}

/** Drawn as nothing, or onto the letter before: variation selectors, tags, joiners, soft hyphens, accents. */
const UNSEEN = /^(?:\p{Default_Ignorable_Code_Point}|\p{Cf}|(?=\p{M})\p{Script=Inherited})$/u;
const INHERITED_MARKS = /(?=\p{M})\p{Script=Inherited}/gu;
const KANA_OR_HANGUL = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u30fc]/u;
/** Scripts that are written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}]/u;
const LETTER = /^[\p{L}\p{M}]$/u;
const DIGIT = /^\p{N}$/u;
const SOFT = /^[\s\p{Zs}.,!?;:'"`‘’“”…，。！？；：、「」『』（）()《》〈〉【】—]$/u;
const CYRILLIC_OR_GREEK = /^[\p{Script=Cyrillic}\p{Script=Greek}]$/u;
const LATIN = /^\p{Script=Latin}$/u;
/** Somebody's name, or an emote, which is drawn as a picture. */
const INSERTED = /@[A-Za-z0-9_.-]{2,32}|\[[\p{L}\p{N}_]{1,20}\]/gu;

interface Sign {
  /** Folded; a separator is itself. */
  text: string;
  begin: number;
  end: number;
  kind: 'letter' | 'digit' | 'soft' | 'hard';
}

/**
 * The readings of a text in the order of how much is presumed: as it stands; with look-alikes as the Latin letters that
 * they are drawn like; with digits and signs as letters; and the same with names and emotes as one sign each. Each only
 * where it differs. `text` is NFC.
 */
export function readingsOf(text: string): Reading[] {
  const signs = signsOf(text);
  const joined = withoutInserted(signs, text);
  return joined === undefined ? readingsOfSigns(signs) : [...readingsOfSigns(signs), ...readingsOfSigns(joined)];
}

/** Undefined where nothing was inserted. */
function withoutInserted(signs: readonly Sign[], text: string): Sign[] | undefined {
  const inserted = [...text.matchAll(INSERTED)].map(({ 0: all, index }) => ({ begin: index, end: index + all.length }));
  if (inserted.length === 0) return undefined;
  const read: Sign[] = [];
  let next = 0;
  for (const sign of signs) {
    const place = inserted[next];
    if (place === undefined || sign.begin < place.begin) read.push(sign);
    else if (sign.begin === place.begin) read.push({ ...place, text: '@', kind: 'hard' });
    if (place !== undefined && sign.end >= place.end) next++;
  }
  return read;
}

function readingsOfSigns(signs: readonly Sign[]): Reading[] {
  const plain = readingOf(signs);
  const latin = withLatin(signs);
  const readings = [plain];
  if (latin !== signs) readings.push(readingOf(latin));
  const leet = withLeet(latin, 0);
  if (leet === undefined) return readings;
  readings.push(readingOf(leet));
  if (latin.some(({ text: sign }) => '1|!'.includes(sign))) readings.push(readingOf(withLeet(latin, 1) ?? leet));
  return readings;
}

/** A word of a list as it is compared: as it stands, and with look-alikes as Latin letters where that is another. */
export function formsOf(word: string): Reading[] {
  const signs = signsOf(word.normalize('NFC'));
  const latin = signs.map((sign) => ({ ...sign, text: latinOf(sign.text) ?? sign.text }));
  const isOther = latin.some(({ text }, index) => text !== signs[index]?.text);
  return isOther ? [readingOf(signs), readingOf(latin)] : [readingOf(signs)];
}

function signsOf(text: string): Sign[] {
  const signs: Sign[] = [];
  let at = 0;
  for (const character of text) {
    const begin = at;
    at += character.length;
    if (UNSEEN.test(character)) {
      const before = signs.at(-1);
      if (before !== undefined) before.end = at;
      continue;
    }
    for (const folded of foldedOf(character)) signs.push({ text: folded, begin, end: at, kind: kindOf(folded) });
  }
  return signs;
}

/** Compatibility forms, case and accents undone. Marks that make another letter (kana, Thai, Hindi) stay. */
function foldedOf(character: string): string {
  const boxed = boxedLetterOf(character.codePointAt(0) ?? 0);
  if (boxed !== undefined) return boxed;
  if (KANA_OR_HANGUL.test(character)) return character.normalize('NFKC');
  const bare = character.normalize('NFKD').replaceAll(INHERITED_MARKS, '');
  // By way of capitals, so that `ß` is `ss` and `ς` is `σ`.
  return (bare === '' ? character : bare).toUpperCase().toLowerCase().replaceAll(INHERITED_MARKS, '');
}

function kindOf(sign: string): Sign['kind'] {
  if (LETTER.test(sign)) return 'letter';
  if (DIGIT.test(sign)) return 'digit';
  return SOFT.test(sign) ? 'soft' : 'hard';
}

function readingOf(signs: readonly Sign[]): Reading {
  const units: Unit[] = [];
  let gap: Gap = 'none';
  for (const { text, begin, end, kind } of signs) {
    if (kind === 'soft' || kind === 'hard') {
      // A clause's end anywhere between makes it one.
      gap = gap === 'soft' ? 'soft' : kind;
      continue;
    }
    const script = kind === 'digit' ? 'digit' : UNSPACED.test(text) ? 'han' : 'spaced';
    units.push({ letter: text, begin, end, gap, script });
    gap = 'none';
  }
  return { units, tail: gap };
}

/**
 * In a word that mixes scripts look-alikes are Latin; in one that does not they are unless the text is plainly Russian
 * or Greek, that is, has letters of those that look like no Latin one.
 */
function withLatin(signs: readonly Sign[]): readonly Sign[] {
  const isForeign = ({ text }: Sign): boolean => CYRILLIC_OR_GREEK.test(text);
  if (!signs.some(({ text }) => latinOf(text) !== undefined)) return signs;
  const isPlainlyForeign = signs.some((sign) => isForeign(sign) && latinOf(sign.text) === undefined);
  return signs.map((sign, index) => {
    const latin = latinOf(sign.text);
    if (latin === undefined) return sign;
    if (isPlainlyForeign && isForeign(sign) && !tokenAround(signs, index).some(({ text }) => LATIN.test(text)))
      return sign;
    return { ...sign, text: latin };
  });
}

/** The letters and digits that stand together with the one at `index`. */
function tokenAround(signs: readonly Sign[], index: number): readonly Sign[] {
  const isPart = (at: number): boolean => signs[at]?.kind === 'letter' || signs[at]?.kind === 'digit';
  let begin = index;
  let end = index + 1;
  while (isPart(begin - 1)) begin--;
  while (isPart(end)) end++;
  return signs.slice(begin, end);
}

/**
 * Digits and signs as letters, in words that have at least as many letters as such digits: `sh1t` is read so, `A55`
 * and `2024` are not. `!` and `|` count between letters only. Undefined when there is nothing to read so.
 */
function withLeet(signs: readonly Sign[], which: 0 | 1): Sign[] | undefined {
  const read = [...signs];
  let isOther = false;
  for (let begin = 0; begin < signs.length;) {
    if (!isWordSign(signs, begin)) {
      begin++;
      continue;
    }
    let end = begin + 1;
    while (end < signs.length && isWordSign(signs, end)) end++;
    const token = signs.slice(begin, end);
    const letters = token.filter(({ kind }) => kind === 'letter').length;
    const digits = token.filter(({ kind }) => kind === 'digit').length;
    if (letters > 0 && letters >= digits)
      for (let index = begin; index < end; index++) {
        const sign = signs[index];
        const letter = sign === undefined ? undefined : leetOf(sign.text)?.[which];
        if (sign === undefined || letter === undefined) continue;
        read[index] = { ...sign, text: letter, kind: 'letter' };
        isOther = true;
      }
    begin = end;
  }
  return isOther ? read : undefined;
}

function isWordSign(signs: readonly Sign[], index: number): boolean {
  const sign = signs[index];
  if (sign === undefined) return false;
  if (sign.kind === 'letter') return !UNSPACED.test(sign.text);
  if (sign.kind === 'digit') return true;
  if (leetOf(sign.text) === undefined) return false;
  if (sign.text !== '!' && sign.text !== '|') return true;
  const isLetter = (at: number): boolean => signs[at]?.kind === 'letter' && !UNSPACED.test(signs[at]?.text ?? '');
  return isLetter(index - 1) && isLetter(index + 1);
}
