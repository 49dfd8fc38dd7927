import { cleanText, VISIBLE } from '../../../http/plain-text.ts';
import { AppError } from '../../gateway/contract.ts';

/** Code points and UTF-8 bytes of a message. */
const MAX_CHARACTERS = 500;
const MAX_BYTES = 2000;
const MAX_EMOJI = 30;
/** Breaks a line, which a message has one of. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
const CONTROLS = /\p{Cc}/gu;
const EMOJI = /\p{RGI_Emoji}|\p{Extended_Pictographic}|\[[\p{L}\p{N}_]{1,20}\]/gv;

/**
 * A text as it is kept and shown to everybody: one line, NFC, nothing in it that is not seen. It stays text: what looks
 * like markup is drawn as the letters it is.
 * @throws AppError message_empty, message_too_long, too_many_emoji
 */
export function normalizeText(raw: string): string {
  const text = cleanText(raw.replace(BREAKS, ' ').replace(CONTROLS, '')).replace(/\s{2,}/gu, ' ');
  if (!VISIBLE.test(text)) throw new AppError('message_empty');
  if ([...text].length > MAX_CHARACTERS || Buffer.byteLength(text) > MAX_BYTES) throw new AppError('message_too_long');
  if ((text.match(EMOJI)?.length ?? 0) > MAX_EMOJI) throw new AppError('too_many_emoji');
  return text;
}

/** As texts are compared: width, case and spacing say nothing. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** At most so many code points, with an ellipsis when there were more. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

const MENTION = /(?<![\p{L}\p{N}_])@([\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]{1,31})/gu;
const MAX_MENTIONS = 5;

/** The user names after `@`, each once. */
export function mentionedNames(text: string): string[] {
  const names = [...text.matchAll(MENTION)].map(([, name = '']) => name.replace(/[_.-]+$/u, ''));
  return [...new Set(names)].filter((name) => name.length >= 2).slice(0, MAX_MENTIONS);
}
