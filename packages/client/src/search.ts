import type { Caller } from './caller.ts';
import type { Recording } from './recordings.ts';
import type { Room } from './types.ts';
import type { UserSummary } from './users.ts';

export interface FoundUser extends UserSummary {
  followerCount: number;
  /** The room in which they are live. */
  live?: string;
}

/** What has it in its title or name; nothing private. */
export interface SearchAnswer {
  /** Open ones, live ones first. */
  rooms: Room[];
  users: FoundUser[];
  /** The newest first. */
  replays: Recording[];
}

export class SearchApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** `q` is part of a title or name, in any case; `limit` of each kind, at most 50. */
  find(q: string, { limit, signal }: { limit?: number; signal?: AbortSignal } = {}): Promise<SearchAnswer> {
    return this.#caller.json('/api/search', { query: { q, limit }, signal });
  }
}
