import type { Caller } from './caller.ts';
import { roomPath } from './rooms.ts';

export type RankBoardName = 'viewers' | 'followers' | 'revenue';
/** `now` is of viewers only: how many there are. */
export type RankPeriod = 'now' | 'hour' | 'day' | 'week' | 'all';
/** `live` is this broadcast. */
export type SupporterPeriod = 'live' | 'week' | 'all';

export interface RankEntry {
  userId: string;
  username: string;
  name: string;
  avatar?: string;
  score: number;
  /** From 1. */
  place: number;
}

/** Where the caller stands, however far down. */
export interface RankPlace {
  score: number;
  place: number;
}

export interface RankBoard {
  board: RankBoardName;
  period: RankPeriod;
  /** When the period began, ms since the epoch. */
  start?: number;
  entries: RankEntry[];
  me?: RankPlace;
}

export interface Supporters {
  period: SupporterPeriod;
  /** When the period began, ms since the epoch. */
  start?: number;
  entries: RankEntry[];
  me?: RankPlace;
}

/** Snapshot of the channels `rank` and `rank:ID`, by board and period. */
export interface RankSnapshot {
  boards: Record<string, Record<string, RankEntry[]>>;
}

/** `rank.changed` says what differs, `rank.reset` all of a board. */
export interface RankChange {
  board: string;
  period: string;
  changes?: RankEntry[];
  removed?: string[];
  entries?: RankEntry[];
}

/** Who has most. */
export class RankingsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  board(
    board: RankBoardName,
    { period, limit, signal }: { period?: RankPeriod; limit?: number; signal?: AbortSignal } = {},
  ): Promise<RankBoard> {
    return this.#caller.json(`/api/rank/${board}`, { query: { period, limit }, signal });
  }

  /** Who gave most, in the broadcast or to its channel. */
  supporters(
    roomId: string,
    options: {
      period?: SupporterPeriod;
      limit?: number;
      playToken?: string;
      ownerToken?: string;
      signal?: AbortSignal;
    } = {},
  ): Promise<Supporters> {
    const { period, limit, playToken, ownerToken, signal } = options;
    const query = { period, limit, token: playToken };
    return this.#caller.json(`${roomPath(roomId)}/rank/supporters`, { query, ownerToken, signal });
  }
}

/** A board with what an event of `rank` or `rank:ID` says of it; the first `limit`, by place. */
export function withRankChange(entries: readonly RankEntry[], change: RankChange, limit = 100): RankEntry[] {
  if (change.entries !== undefined) return change.entries;
  const gone = new Set(change.removed);
  const all = new Map(entries.filter(({ userId }) => !gone.has(userId)).map((entry) => [entry.userId, entry]));
  for (const entry of change.changes ?? []) all.set(entry.userId, entry);
  return [...all.values()].sort((a, b) => a.place - b.place).slice(0, limit);
}
