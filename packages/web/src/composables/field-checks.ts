/** As the server: shorter passwords are refused there too. */
export const MIN_PASSWORD_CHARS = 8;

export function isShortPassword(password: string): boolean {
  return [...password].length < MIN_PASSWORD_CHARS;
}

/** Names the fields that are empty. */
export function required(values: Readonly<Record<string, string>>, words: string): Record<string, string> {
  const empty = Object.entries(values).filter(([, value]) => value.trim() === '');
  return Object.fromEntries(empty.map(([name]) => [name, words]));
}
