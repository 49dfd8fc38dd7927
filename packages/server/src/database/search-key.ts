/** A name or title as it is searched and sorted, the same on every database. */
export function searchKeyOf(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** For `KEY like PATTERN escape '\'`: what is asked for as it is written, signs of patterns too. */
export function patternOf(asked: string, where: 'anywhere' | 'at the start'): string {
  const literal = searchKeyOf(asked).replace(/[\\%_]/g, '\\$&');
  return where === 'anywhere' ? `%${literal}%` : `${literal}%`;
}
