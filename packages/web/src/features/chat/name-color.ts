/** Hues far enough from each other, and from the accent, to tell people apart by. */
const HUES = [18, 42, 88, 140, 168, 196, 220, 252, 284, 318, 342];

/** A person's colour, the same wherever they speak; light and dark are the style sheet's. */
export function hueOf(person: string): number {
  let hash = 0;
  for (let index = 0; index < person.length; index += 1) hash = (hash * 31 + person.charCodeAt(index)) >>> 0;
  return HUES[hash % HUES.length] ?? 0;
}
