/** What somebody typed as a whole number from 1 on, with or without separators; null when it is none. */
export function wholeNumber(text: string): number | null {
  const digits = text.trim().replaceAll(/[\s,，_]/g, '');
  if (!/^\d{1,15}$/.test(digits)) return null;
  const value = Number(digits);
  return value >= 1 ? value : null;
}
