import { FormatError } from '../bytes/format-error.ts';
import { MAX_LINE_CHARS, MAX_SDP_BYTES } from './description.ts';

/** `type=value` (RFC 8866, 5). */
export interface SdpLine {
  type: string;
  value: string;
}

/** The lines, ended by CR LF, or one of them alone; empty ones are left out. @throws FormatError */
export function sdpLines(text: string): SdpLine[] {
  if (text.length > MAX_SDP_BYTES) throw new FormatError('too_large', `SDP of ${text.length} characters`);
  return text
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .map(readLine);
}

function readLine(line: string): SdpLine {
  if (line.length > MAX_LINE_CHARS) throw new FormatError('too_large', `SDP line of ${line.length} characters`);
  if (line[1] !== '=') throw new FormatError('malformed', 'SDP line that is no type=value');
  return { type: line.slice(0, 1), value: line.slice(2).trim() };
}

/** `name:value` of an attribute; the value is '' for one without. */
export function splitAttribute(attribute: string): { name: string; value: string } {
  return splitOnce(attribute, ':');
}

/** The text before the first `separator`, and what is after it; '' when it is not there. Both trimmed. */
export function splitOnce(text: string, separator: string): { name: string; value: string } {
  const at = text.indexOf(separator);
  if (at < 0) return { name: text.trim(), value: '' };
  return { name: text.slice(0, at).trim(), value: text.slice(at + separator.length).trim() };
}

/** The words of a value. */
export function wordsOf(value: string): string[] {
  return value.split(/[ \t]+/).filter((word) => word !== '');
}

/** A decimal number from 0 to `max`. @throws FormatError `malformed` */
export function numberOf(digits: string | undefined, max: number): number {
  const value = digits !== undefined && /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
  if (Number.isNaN(value) || value > max)
    throw new FormatError('malformed', 'a number of an SDP is none, or too large');
  return value;
}
