import { AppError } from '../gateway/contract.ts';
import { channelIdOf } from '../live/contract.ts';
import type { Judgement, Moderator } from './contract.ts';
import { readingsOf } from './fold.ts';
import { hasLink } from './links.ts';
import { maskedText } from './mask.ts';
import type { MuteStore } from './mute-store.ts';
import type { WordBook } from './word-book.ts';

/**
 * A mute holds for everybody. Links and the channel's own words hold for those only whom its owner does not trust; words
 * that hold everywhere hold for all, but nobody has to approve what a moderator says.
 */
export function createModerator({ mutes, words }: { mutes: MuteStore; words: WordBook }): Moderator {
  return {
    mutedUntil: (channelId, person) => mutes.until(channelId, person),
    judge: async ({ room, author, text: given, mayLink }) => {
      const channelId = channelIdOf(room);
      const [until, lists] = await Promise.all([mutes.until(channelId, author.person), words.of(channelId)]);
      if (until !== undefined) throw new AppError('muted', mutedFor(until));
      const text = given.normalize('NFC');
      if (!mayLink && !author.isTrusted && hasLink(text)) throw new AppError('links_forbidden');
      const readings = readingsOf(text);
      const matches = lists.everywhere.match(readings);
      if (!author.isTrusted) matches.push(...lists.channel.match(readings));
      if (matches.some(({ word }) => word.action === 'block')) throw new AppError('words_blocked');
      const isHeld = !author.isTrusted && matches.some(({ word }) => word.action === 'hold');
      const masked = matches.filter(({ word }) => word.action === 'mask');
      const verdict: Judgement['verdict'] = isHeld ? 'held' : 'shown';
      return { text: maskedText(text, masked), verdict, isMasked: masked.length > 0 };
    },
  };
}

function mutedFor(until: number): Record<string, string> {
  return until === Infinity ? {} : { until: new Date(until).toISOString() };
}
