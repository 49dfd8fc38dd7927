import type { FanBadge, FanBadges } from './contract.ts';
import type { FanStore } from './store.ts';

/** How old a badge may be that is shown. */
const FRESH_MS = 3000;
const MAX_KEPT = 20_000;

interface Kept<Value> {
  value: Value;
  atMs: number;
}

/** Badges of those who talk, kept for a moment: chat asks for every message. */
export class KeptFanBadges implements FanBadges {
  readonly #store: FanStore;
  readonly #now: () => number;
  /** By channel and user; 0 is none. */
  readonly #levels = new Map<string, Kept<number>>();
  /** By channel. */
  readonly #names = new Map<string, Kept<string | undefined>>();

  constructor(deps: { store: FanStore; now: () => number }) {
    this.#store = deps.store;
    this.#now = deps.now;
  }

  async badgesOf(channelId: string, userIds: readonly string[]): Promise<Map<string, FanBadge>> {
    const levels = await this.#levelsOf(channelId, userIds);
    if (levels.size === 0) return new Map();
    const name = await this.#nameOf(channelId);
    return new Map([...levels].map(([userId, level]) => [userId, { level, name }]));
  }

  /** The owner gave another name. */
  renamed(channelId: string): void {
    this.#names.delete(channelId);
  }

  async #levelsOf(channelId: string, userIds: readonly string[]): Promise<Map<string, number>> {
    const atMs = this.#now();
    const keyOf = (userId: string): string => `${channelId} ${userId}`;
    const old = userIds.filter((userId) => !isFresh(this.#levels.get(keyOf(userId)), atMs));
    const read = await this.#store.levelsOf(channelId, old);
    for (const userId of old) keep(this.#levels, keyOf(userId), { value: read.get(userId) ?? 0, atMs });
    const all = userIds.map((userId) => [userId, this.#levels.get(keyOf(userId))?.value ?? 0] as const);
    return new Map(all.filter(([, level]) => level > 0));
  }

  async #nameOf(channelId: string): Promise<string | undefined> {
    const atMs = this.#now();
    const known = this.#names.get(channelId);
    if (known !== undefined && isFresh(known, atMs)) return known.value;
    const value = await this.#store.badgeOf(channelId);
    keep(this.#names, channelId, { value, atMs });
    return value;
  }
}

function isFresh(kept: Kept<unknown> | undefined, atMs: number): boolean {
  return kept !== undefined && Math.abs(atMs - kept.atMs) < FRESH_MS;
}

function keep<Value>(map: Map<string, Kept<Value>>, key: string, kept: Kept<Value>): void {
  map.delete(key);
  map.set(key, kept);
  const [oldest] = map.keys();
  if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest);
}
