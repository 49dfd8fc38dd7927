/**
 * The names of everything kept in Redis. What one script touches shares one hash tag, because a Redis Cluster runs a
 * script only on keys of one slot; the letter before the colon keeps a channel and a group of one name apart.
 */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** `wire` is the sharded pub/sub channel on which the log's events go out. */
  channel(name: string): { meta: string; log: string; ids: string; wire: string } {
    const base = `${this.#prefix}:{c:${name}}`;
    return { meta: `${base}:meta`, log: `${base}:log`, ids: `${base}:ids`, wire: `${base}:wire` };
  }

  /** `members` counts for each member the nodes that vouch for it; `ofSession` are those that one node vouches for. */
  group(name: string, session: string): { members: string; ofSession: string; meta: string } {
    const base = `${this.#prefix}:{g:${name}}`;
    return { members: `${base}:members`, ofSession: `${base}:of:${session}`, meta: `${base}:meta` };
  }

  /** The groups in which a node's session vouches for somebody. */
  groupsOf(session: string): string {
    return `${this.#prefix}:{s:${session}}:groups`;
  }

  /** `living`: sessions by the time their lease ends. `lost`: those found dead, by the time the claim to clean up ends. */
  nodes(): { living: string; lost: string } {
    const base = `${this.#prefix}:{nodes}`;
    return { living: `${base}:living`, lost: `${base}:lost` };
  }

  lease(name: string): string {
    return `${this.#prefix}:{l:${name}}:lease`;
  }

  counter(name: string): string {
    return `${this.#prefix}:{k:${name}}:count`;
  }

  bucket(name: string): string {
    return `${this.#prefix}:{k:${name}}:bucket`;
  }
}
