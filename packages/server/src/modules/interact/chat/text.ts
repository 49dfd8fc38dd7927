import { AppError } from '../../gateway/contract.ts';

/** Code points and UTF-8 bytes of a message. */
const MAX_CHARACTERS = 500;
const MAX_BYTES = 2000;
const MAX_EMOJI = 30;
/** Combining marks on one base; more are a tower, not a letter of any script. */
const MAX_MARKS = 4;

/** Breaks a line, which a message has one of. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
/** Draws nothing or turns what follows around: controls, bidi, zero widths, fillers, lone surrogates, noncharacters. */
const UNSEEN =
  /[\u034f\p{Cc}\p{Cs}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff]/gu;
/** Holds an emoji together; anywhere else it hides. */
const STRAY_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** Invisible letters: of a region's flag they are the name, elsewhere a hidden text. */
const TAGS = /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,8}\u{e007f})|[\u{e0000}-\u{e007f}]/gu;
const TOWER = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu');
const VISIBLE = /[^\s\p{M}\p{Cf}\u2800]/u;
const EMOJI = /\p{RGI_Emoji}|\p{Extended_Pictographic}|\[[\p{L}\p{N}_]{1,20}\]/gv;

/**
 * A text as it is kept and shown to everybody: one line, NFC, nothing in it that is not seen. It stays text: what looks
 * like markup is drawn as the letters it is.
 * @throws AppError message_empty, message_too_long, too_many_emoji
 */
export function normalizeText(raw: string): string {
  const text = raw
    .replace(BREAKS, ' ')
    .replace(UNSEEN, '')
    .replace(TAGS, '$1')
    .replace(STRAY_JOINER, '')
    .normalize('NFC')
    .replace(TOWER, '$1')
    .replace(/\s{2,}/gu, ' ')
    .trim();
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
