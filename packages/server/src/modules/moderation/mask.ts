/** Drawn onto the character before, or not at all. */
const UNSEEN = /[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with each of the ranges as `*`, one for each character. Ranges are of UTF-16 units and may overlap. */
export function maskedText(text: string, ranges: readonly { begin: number; end: number }[]): string {
  const ordered = ranges.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  let masked = '';
  let at = 0;
  for (const { begin, end } of ordered) {
    if (end <= at) continue;
    const from = Math.max(at, begin);
    masked += text.slice(at, from) + '*'.repeat(lengthOf(text.slice(from, end)));
    at = end;
  }
  return masked + text.slice(at);
}

function lengthOf(part: string): number {
  return [...part.replaceAll(UNSEEN, '')].length;
}
