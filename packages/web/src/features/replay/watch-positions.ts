/** Replays remembered in one browser; the one not watched for longest is forgotten. */
const MAX_REMEMBERED = 100;
/** Who saw less has not begun, and who has less left is through. */
const BEGUN_S = 10;
const LEFT_S = 15;

type Positions = Record<string, { atS: number; watchedAt: number }>;

/** Where a viewer stopped, by the replay's id. */
export class WatchPositions {
  static readonly #KEY = 'kaibo.replayPositions';
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #now: () => number;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>, now: () => number = Date.now) {
    this.#storage = storage;
    this.#now = now;
  }

  /** Seconds from the start; 0 to begin there. */
  of(id: string): number {
    return this.#read()[id]?.atS ?? 0;
  }

  keep(id: string, position: { atS: number; durationS: number }): void {
    const { [id]: _before, ...others } = this.#read();
    const isUnderWay = position.atS >= BEGUN_S && position.durationS - position.atS >= LEFT_S;
    const kept = isUnderWay ? { ...others, [id]: { atS: Math.floor(position.atS), watchedAt: this.#now() } } : others;
    const newest = Object.entries(kept)
      .sort(([, a], [, b]) => b.watchedAt - a.watchedAt)
      .slice(0, MAX_REMEMBERED);
    try {
      this.#storage.setItem(WatchPositions.#KEY, JSON.stringify(Object.fromEntries(newest)));
    } catch {
      // A browser that keeps nothing (private mode, full storage) only forgets where one stopped.
    }
  }

  /** Whatever stands there: an earlier version's or a person's edit must not break the page. */
  #read(): Positions {
    try {
      const read: unknown = JSON.parse(this.#storage.getItem(WatchPositions.#KEY) ?? '{}');
      if (typeof read !== 'object' || read === null) return {};
      return Object.fromEntries(
        Object.entries(read).filter((entry): entry is [string, Positions[string]] => isPosition(entry[1])),
      );
    } catch {
      return {};
    }
  }
}

function isPosition(value: unknown): value is Positions[string] {
  const { atS, watchedAt } = (value ?? {}) as Partial<Record<'atS' | 'watchedAt', unknown>>;
  return Number.isFinite(atS) && Number.isFinite(watchedAt);
}
