// Which characters are drawn like Latin letters: a small part of Unicode's confusables (UTS #39), of those that people
// can type, by the letter that they stand for.

/** Letters of other scripts, in lower case. */
const BY_LETTER: Readonly<Record<string, string>> = {
  a: 'аαɑᴀ',
  b: 'вьβʙ',
  c: 'сϲᴄ',
  d: 'ԁᴅ',
  e: 'еεєᴇ',
  f: 'ғꜰ',
  g: 'ɡɢ',
  h: 'һнʜ',
  i: 'іιɪ',
  j: 'јᴊ',
  k: 'кκᴋ',
  l: 'ӏʟ',
  m: 'мᴍ',
  n: 'пηɴ',
  o: 'оοσᴏ',
  p: 'рρᴘ',
  q: 'ԛ',
  r: 'гʀ',
  s: 'ѕꜱ',
  t: 'тτᴛ',
  u: 'υᴜ',
  v: 'ѵνᴠ',
  w: 'ԝωᴡ',
  x: 'хχ',
  y: 'уγʏ',
  z: 'ᴢ',
};

const LATIN_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_LETTER).flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
);

/** Digits and signs that are typed for letters; those of 1 can be either of two. */
const LEET: ReadonlyMap<string, readonly [string, string]> = new Map([
  ...Object.entries({ '0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '€': 'e', '¢': 'c' }).map(
    ([sign, letter]): [string, readonly [string, string]] => [sign, [letter, letter]],
  ),
  ...['1', '|', '!'].map((sign): [string, readonly [string, string]] => [sign, ['i', 'l']]),
]);

/** Letters in boxes, circles and flags, which no normalization undoes: the first one and how many follow. */
const RANGES = [
  [0x1f1e6, 26],
  [0x1f150, 26],
  [0x1f170, 26],
] as const;

/** The Latin letter that `letter` (lower case) is drawn like. */
export function latinOf(letter: string): string | undefined {
  return LATIN_OF.get(letter);
}

/** The letters that `sign` may be typed for. */
export function leetOf(sign: string): readonly [string, string] | undefined {
  return LEET.get(sign);
}

/** The letter in a box, circle or flag. */
export function boxedLetterOf(codePoint: number): string | undefined {
  for (const [first, count] of RANGES)
    if (codePoint >= first && codePoint < first + count) return String.fromCharCode(0x61 + codePoint - first);
  return undefined;
}
