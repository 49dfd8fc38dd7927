import type { RoomFacts } from '../live/contract.ts';

/** Who writes in a room. */
export interface Author {
  /** `user:ID`, or `viewer:ID` for somebody without account. */
  person: string;
  userId?: string;
  name: string;
  /** The owner, an administrator or a moderator: links and words hold for them less strictly. */
  isTrusted: boolean;
}

/** What becomes of a text; `held` ones are seen by their author and the moderators until somebody decides. */
export interface Judgement {
  /** As it may be shown: masked words are `*`. */
  text: string;
  verdict: 'shown' | 'held';
  isMasked: boolean;
}

/** Who may speak, and what may be said. */
export interface Moderator {
  /** @throws AppError muted, words_blocked, links_forbidden */
  judge(message: { room: RoomFacts; author: Author; text: string; mayLink: boolean }): Promise<Judgement>;
  /** ms since the epoch, Infinity for good, undefined when they may speak. */
  mutedUntil(channelId: string, person: string): Promise<number | undefined>;
}
