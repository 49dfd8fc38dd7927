/** 0 is too short, 1 weak, 2 fair, 3 good, 4 strong. */
export type Strength = 0 | 1 | 2 | 3 | 4;

/** Bits a guesser has to try where each half is bought; a word of eight letters has about 38 by this count. */
const STEPS = [40, 52, 76] as const;
const KINDS: readonly [RegExp, number][] = [
  [/\p{Lowercase_Letter}/u, 26],
  [/\p{Uppercase_Letter}/u, 26],
  [/\p{Number}/u, 10],
  [/\p{Script=Han}/u, 3000],
  [/[^\p{Letter}\p{Number}]/u, 33],
];

/**
 * How hard a password is to guess, as a rough estimate for whoever chooses it: by its length and by what it is made of,
 * with repeats and rows (`aaa`, `1234`) counted once. The server has the last word on what is too weak.
 */
export function strengthOf(password: string, minChars: number): Strength {
  const chars = [...password];
  if (chars.length < minChars) return 0;
  const alphabet = KINDS.reduce((sum, [kind, size]) => sum + (kind.test(password) ? size : 0), 0);
  const bits = countSurprises(chars) * Math.log2(Math.max(2, alphabet));
  return (1 + STEPS.filter((step) => bits >= step).length) as Strength;
}

/** Characters that do not simply follow from the one before. */
function countSurprises(chars: readonly string[]): number {
  return chars.filter((char, index) => {
    const step = (char.codePointAt(0) ?? 0) - (chars[index - 1]?.codePointAt(0) ?? 0);
    return index === 0 || Math.abs(step) > 1;
  }).length;
}
