import { z } from 'zod';

/** Longer than any text that is taken: its length refuses it, and nothing is looked through before. */
const MAX_CLEANED = 4000;
/** Combining marks on one base; more are a tower, not a letter of any script. */
const MAX_MARKS = 4;

/** Breaks a line, though it is no control character. */
const SEPARATORS = /[\u2028\u2029]+/gu;
/** Draws nothing or turns what follows around: bidi, zero widths, fillers, lone surrogates, noncharacters. */
const UNSEEN =
  /[\u034f\p{Cs}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff]/gu;
/** Holds an emoji together; anywhere else it hides. */
const STRAY_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** Invisible letters: of a region's flag they are the name, elsewhere a hidden text. */
const TAGS = /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,8}\u{e007f})|[\u{e0000}-\u{e007f}]/gu;
const TOWER = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu');

/** At least one character that is seen. */
export const VISIBLE = /[^\s\p{M}\p{Cf}\u2800]/u;
const VISIBLE_LINE = /^(?=.*[^\s\p{M}\p{Cf}\u2800])\P{Cc}*$/u;
const LINE = /^\P{Cc}*$/u;
const LINES = /^(?:\P{Cc}|\n)*$/u;

/**
 * What somebody wrote as it is kept and shown to everybody: NFC, and nothing in it that is not seen, that turns the
 * direction of what follows, or that stands over other lines. Control characters stay as they are, for whoever refuses
 * them. It stays text: what looks like markup is drawn as the letters it is.
 */
export function cleanText(written: string): string {
  if (written.length > MAX_CLEANED) return written;
  return written
    .replace(SEPARATORS, ' ')
    .replace(UNSEEN, '')
    .replace(TAGS, '$1')
    .replace(STRAY_JOINER, '')
    .normalize('NFC')
    .replace(TOWER, '$1')
    .trim();
}

/** A name or title: one line, of which something is seen. `max` in UTF-16 units, up to 4000 like those below. */
export const lineSchema = (max: number) => z.string().overwrite(cleanText).min(1).max(max).regex(VISIBLE_LINE);

/** One line, which may be empty. */
export const noteSchema = (max: number) => z.string().overwrite(cleanText).max(max).regex(LINE);

/** Lines, which may be none. */
export const linesSchema = (max: number) => z.string().overwrite(cleanText).max(max).regex(LINES);
