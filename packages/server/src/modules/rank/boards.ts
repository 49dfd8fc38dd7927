import type { PeriodStarts, RankEntry, RankSnapshot } from './contract.ts';
import { PERIODS } from './period.ts';
import { channelScope, roomScope, type BoardKey } from './scores.ts';
import type { Place, RankStore } from './store.ts';

/** How old a list may be that is answered. */
const FRESH_MS = 1000;
/** Lists kept. */
const MAX_KEPT = 2000;

export const PLATFORM_BOARDS = ['viewers', 'followers', 'revenue'] as const;

/** A ranking as it is called outside. */
export interface NamedBoard {
  board: string;
  period: string;
  start: number;
  /** As of now. */
  read(): Promise<RankEntry[]>;
  /** A second old at most. */
  recent(): Promise<RankEntry[]>;
  /** Undefined when not listed. */
  placeOf(userId: string): Promise<Place | undefined>;
}

/** Which rankings there are, and their first hundred, kept for a second. */
export class Boards {
  readonly #store: RankStore;
  readonly #calendar: PeriodStarts;
  readonly #now: () => number;
  readonly #kept = new Map<string, { atMs: number; entries: Promise<RankEntry[]> }>();

  constructor(deps: { store: RankStore; calendar: PeriodStarts; now: () => number }) {
    this.#store = deps.store;
    this.#calendar = deps.calendar;
    this.#now = deps.now;
  }

  ofPlatform(): NamedBoard[] {
    const starts = this.#calendar.startsAt(this.#now());
    const counted = PLATFORM_BOARDS.flatMap((board) =>
      PERIODS.map((period) => this.#named({ board, scope: '', period, start: starts[period] }, period)),
    );
    return [this.#watchedNow(), ...counted];
  }

  /** Supporters in this broadcast, of the channel this week, and of all time. */
  ofRoom(roomId: string, channelId: string): NamedBoard[] {
    const board = 'supporters';
    return [
      this.#named({ board, scope: roomScope(roomId), period: 'all', start: 0 }, 'live'),
      this.supportersOfWeek(channelId),
      this.#named({ board, scope: channelScope(channelId), period: 'all', start: 0 }, 'all'),
    ];
  }

  /** Of the running week, ms since the epoch. */
  weekStart(): number {
    return this.#calendar.startsAt(this.#now()).week;
  }

  supportersOfWeek(channelId: string): NamedBoard {
    const start = this.weekStart();
    return this.#named({ board: 'supporters', scope: channelScope(channelId), period: 'week', start }, 'week');
  }

  #watchedNow(): NamedBoard {
    const read = (): Promise<RankEntry[]> => this.#store.watchedNow();
    const recent = (): Promise<RankEntry[]> => this.#recent('now', read);
    const placeOf = async (userId: string): Promise<Place | undefined> => {
      const mine = (await recent()).find((entry) => entry.userId === userId);
      return mine === undefined ? undefined : { score: mine.score, place: mine.place };
    };
    return { board: 'viewers', period: 'now', start: 0, read, recent, placeOf };
  }

  #named(key: BoardKey, period: string): NamedBoard {
    const read = (): Promise<RankEntry[]> => this.#store.top(key);
    const name = [key.board, key.scope, key.period, key.start].join(' ');
    return {
      ...{ board: key.board, period, start: key.start, read },
      recent: () => this.#recent(name, read),
      placeOf: (userId) => this.#store.placeOf(key, userId),
    };
  }

  /** Those who ask at one time share one reading. */
  #recent(name: string, read: () => Promise<RankEntry[]>): Promise<RankEntry[]> {
    const now = this.#now();
    const known = this.#kept.get(name);
    if (known !== undefined && now - known.atMs < FRESH_MS && now >= known.atMs) return known.entries;
    const kept = { atMs: now, entries: read() };
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    kept.entries.catch(() => this.#kept.get(name) === kept && this.#kept.delete(name));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    return kept.entries;
  }
}

/** Every board as of now, by board and period. */
export async function snapshotOf(boards: readonly NamedBoard[]): Promise<RankSnapshot> {
  const all: RankSnapshot['boards'] = {};
  for (const { board, period, read } of boards) (all[board] ??= {})[period] = await read();
  return { boards: all };
}
