import { FormatError } from '../bytes/format-error.ts';

/** Line ends, other controls and quotes: what no value of a playlist may have (RFC 8216bis, 4.1 and 4.2). */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f"\u2028\u2029]/;
/** Decimals of durations: 10 microseconds, less than a tick of any audio rate. */
const SECONDS_DECIMALS = 5;
const MAX_DATE_MS = 8.64e15;

/** `undefined` leaves the attribute out. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** An attribute list, in the order given (RFC 8216bis, 4.2). */
export function attributeList(attributes: Attributes): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) pairs.push(`${name}=${value}`);
  return pairs.join(',');
}

/** @throws FormatError `malformed` for a text that would end its line or its quotes */
export function quoted(text: string): string {
  return `"${checked(text)}"`;
}

/** An address on a line of its own. @throws FormatError `malformed` for one that is no such line */
export function uriLine(uri: string): string {
  if (uri === '' || uri.startsWith('#'))
    throw new FormatError('malformed', 'address that a playlist takes for a comment');
  return checked(uri);
}

/** @throws FormatError `malformed` */
export function checked(text: string): string {
  if (FORBIDDEN.test(text)) throw new FormatError('malformed', 'control character or quote in a playlist');
  return text;
}

/** A decimal-floating-point, never without a decimal. @throws FormatError `malformed` for what is no duration */
export function seconds(valueS: number): string {
  if (!(valueS >= 0 && valueS < Number.MAX_SAFE_INTEGER)) throw new FormatError('malformed', `duration ${valueS}`);
  const digits = valueS.toFixed(SECONDS_DECIMALS);
  return digits.replace(/(\.\d+?)0+$/, '$1');
}

/** A decimal-integer. @throws FormatError `malformed` */
export function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new FormatError('malformed', `number ${value}`);
  return String(value);
}

/** ISO 8601 with milliseconds, in UTC (4.4.4.6). @throws FormatError `malformed` for a time that has no date */
export function dateTime(epochMs: number): string {
  if (!(Math.abs(epochMs) <= MAX_DATE_MS)) throw new FormatError('malformed', `date ${epochMs}`);
  return new Date(Math.round(epochMs)).toISOString();
}
