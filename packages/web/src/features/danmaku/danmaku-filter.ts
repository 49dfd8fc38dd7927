import { POSITIONS } from './danmaku-item.ts';
import type { DanmakuItem, DanmakuPosition } from './danmaku-item.ts';

/** What a viewer does not want over the picture; kept in this browser. */
export interface DanmakuFilter {
  hidden: DanmakuPosition[];
  /** In lower case. */
  words: string[];
}

export const MAX_WORDS = 50;
export const MAX_WORD_CHARS = 30;
export const NO_FILTER: DanmakuFilter = { hidden: [], words: [] };

/** As it is compared: the width and case of letters do not count. */
const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Whether a message may fly. One's own always do. */
export function passesFilter(item: DanmakuItem, filter: DanmakuFilter, blocked: ReadonlySet<string>): boolean {
  if (item.isOwn) return true;
  if (blocked.has(item.person) || filter.hidden.includes(item.position)) return false;
  if (filter.words.length === 0) return true;
  const text = plain(item.text);
  return !filter.words.some((word) => text.includes(word));
}

/** With one more word, the newest first; unchanged by one that is empty, known, or one too many. */
export function withWord(filter: DanmakuFilter, word: string): DanmakuFilter {
  const next = plain(word.trim()).slice(0, MAX_WORD_CHARS);
  if (next === '' || filter.words.includes(next) || filter.words.length >= MAX_WORDS) return filter;
  return { ...filter, words: [next, ...filter.words] };
}

/** What was kept may be of another version, or of somebody who tried things out. */
export function usableFilter(kept: Partial<DanmakuFilter>): DanmakuFilter {
  const words = Array.isArray(kept.words) ? kept.words.filter((word) => typeof word === 'string' && word !== '') : [];
  const hidden = Array.isArray(kept.hidden) ? kept.hidden : [];
  return {
    hidden: POSITIONS.filter((position) => hidden.includes(position)),
    words: words.slice(0, MAX_WORDS).map((word) => plain(word).slice(0, MAX_WORD_CHARS)),
  };
}
