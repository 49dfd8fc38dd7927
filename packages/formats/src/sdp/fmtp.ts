import { splitOnce } from './lines.ts';

/** Real ones have up to ten. */
const MAX_PARAMETERS = 64;

/**
 * Format parameters, `a=1;b=2`: names in lower case, '' for one without a value, the first of two of a name. Those
 * after the 64th are left out.
 */
export function parseFmtp(fmtp: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const parameter of fmtp.split(';', MAX_PARAMETERS)) {
    const { name, value } = splitOnce(parameter, '=');
    const key = name.toLowerCase();
    if (key !== '' && !parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}
