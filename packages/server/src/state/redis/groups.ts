import { StateUnavailableError, type GroupCount } from '../contract.ts';
import { inBatches } from './batches.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import { LastKnown } from './last-known.ts';
import type { Link } from './link.ts';
import { COUNT_GROUP, DROP_SESSION, ENTER, LEAVE, runScript } from './scripts.ts';

/** A group that has been empty this long forgets its peak. */
const KEEP_PEAK_MS = 3_600_000;
/** Members moved by one script, so that none keeps Redis long. */
const MEMBERS_AT_ONCE = 500;
const GROUPS_AT_ONCE = 32;
const KNOWN_COUNTS = 10_000;

interface GroupsOptions {
  connection: Connection;
  keys: Keys;
  link: Link;
  /** The session in whose name this node enters now. */
  session: () => string;
}

/**
 * Who is where. A member counts once however many nodes vouch for it. Everything this node vouches for is mirrored
 * here: after any doubt about what Redis holds, the node enters it all in the name of a new session and drops the old.
 */
export class Groups {
  readonly #options: GroupsOptions;
  /** Group, member, and `true` or the enter that is under way. */
  readonly #mine = new Map<string, Map<string, true | Promise<boolean>>>();
  /** Groups written down as this session's, with the writing. */
  #registered = new Map<string, Promise<unknown>>();
  /** What left while Redis was away, each at most once because nothing enters then: a recovery may just enter it. */
  #leftMeanwhile: [group: string, member: string][] = [];
  readonly #counts = new LastKnown<GroupCount>(KNOWN_COUNTS);

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  async enter(group: string, member: string, limit: number): Promise<boolean> {
    const held = this.#mine.get(group)?.get(member);
    if (held !== undefined) return held;
    const entering = this.#enter(group, member, limit);
    this.#hold(group, member, entering);
    let entered = false;
    try {
      entered = await entering;
    } finally {
      if (this.#mine.get(group)?.get(member) === entering) {
        if (entered) this.#hold(group, member, true);
        else this.#forget(group, member);
      }
    }
    return entered;
  }

  async leave(group: string, member: string): Promise<void> {
    const held = this.#mine.get(group)?.get(member);
    if (held === undefined) return;
    this.#forget(group, member);
    // The leave must not overtake the enter; whoever waits for that one is told how it went.
    if (held !== true) await held.catch(() => false);
    if (this.#mine.get(group)?.has(member) !== true) await this.#leave(group, member);
  }

  /** Of groups without an answer while Redis is away, nothing; StateUnavailableError when that is all of them. */
  async counts(groups: readonly string[]): Promise<Map<string, GroupCount>> {
    try {
      const counted = await this.#options.link.run(() => Promise.all(groups.map((group) => this.#count(group))));
      return new Map(groups.map((group, at) => [group, counted[at] ?? { count: 0, peak: 0 }]));
    } catch (error) {
      if (!(error instanceof StateUnavailableError)) throw error;
      const known = new Map<string, GroupCount>();
      for (const group of groups) {
        const count = this.#counts.get(group) ?? this.#ownCount(group);
        if (count !== undefined) known.set(group, count);
      }
      if (known.size === 0 && groups.length > 0) throw error;
      return known;
    }
  }

  async members(group: string, limit: number): Promise<string[]> {
    if (limit <= 0) return [];
    const { connection, link } = this.#options;
    const { members } = this.#keysOf(group);
    const reply = await link.run(() => connection.send(members, ['HRANDFIELD', members, String(limit)]));
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  /** The groups in which this node vouches for somebody. */
  held(): string[] {
    return [...this.#mine.keys()];
  }

  /** Part of the recovery: enters everything in the name of the present session. */
  async enterAgain(): Promise<void> {
    this.#registered = new Map();
    await inBatches(this.held(), GROUPS_AT_ONCE, (group) => this.#enterAgain(group));
  }

  /** After the recovery: what left in its midst leaves again. */
  async settle(): Promise<void> {
    const left = this.#leftMeanwhile;
    this.#leftMeanwhile = [];
    await inBatches(left, MEMBERS_AT_ONCE, async ([group, member]) => {
      if (this.#mine.get(group)?.has(member) !== true) await this.#leave(group, member);
    });
  }

  /** Ends everything a session vouched for; answers its groups. Repeated, it goes on where it was interrupted. */
  async drop(session: string, alsoIn: readonly string[] = []): Promise<string[]> {
    const { connection, keys, link } = this.#options;
    const registry = keys.groupsOf(session);
    const registered = await link.attempt(() => connection.send(registry, ['SMEMBERS', registry]));
    const groups = [...new Set([...(registered as string[]), ...alsoIn])];
    await inBatches(groups, GROUPS_AT_ONCE, async (group) => {
      const { members, ofSession, meta } = keys.group(group, session);
      const request = {
        keys: [members, ofSession, meta] as [string, ...string[]],
        args: [KEEP_PEAK_MS, MEMBERS_AT_ONCE],
      };
      while ((await link.attempt(() => runScript(connection, DROP_SESSION, request))) > 0);
    });
    return groups;
  }

  /** The last word about a session; the groups to clean up are known until then. */
  async unregister(session: string): Promise<void> {
    const { connection, keys, link } = this.#options;
    const registry = keys.groupsOf(session);
    await link.attempt(() => connection.send(registry, ['DEL', registry]));
  }

  clear(): void {
    this.#mine.clear();
  }

  #keysOf(group: string): { members: string; ofSession: string; meta: string } {
    return this.#options.keys.group(group, this.#options.session());
  }

  #hold(group: string, member: string, how: true | Promise<boolean>): void {
    const mine = this.#mine.get(group) ?? new Map<string, true | Promise<boolean>>();
    this.#mine.set(group, mine.set(member, how));
  }

  #forget(group: string, member: string): void {
    const mine = this.#mine.get(group);
    mine?.delete(member);
    if (mine?.size === 0) this.#mine.delete(group);
  }

  async #enter(group: string, member: string, limit: number): Promise<boolean> {
    const { connection, link, session } = this.#options;
    for (;;) {
      const inTheNameOf = session();
      await link.run(() => this.#register(group));
      const { members, ofSession, meta } = this.#options.keys.group(group, inTheNameOf);
      const request = { keys: [members, ofSession, meta] as [string, ...string[]], args: [limit, member] };
      const entered = await link.run(() => runScript(connection, ENTER, request));
      // A session that was replaced meanwhile is dropped with all that entered in its name.
      if (inTheNameOf === session()) return entered === 1;
    }
  }

  async #enterAgain(group: string): Promise<void> {
    const { connection, link } = this.#options;
    const held = [...(this.#mine.get(group) ?? [])].flatMap(([member, how]) => (how === true ? [member] : []));
    if (held.length === 0) return;
    await link.attempt(() => this.#register(group));
    const { members, ofSession, meta } = this.#keysOf(group);
    for (let at = 0; at < held.length; at += MEMBERS_AT_ONCE) {
      const args = [0, ...held.slice(at, at + MEMBERS_AT_ONCE)];
      await link.attempt(() => runScript(connection, ENTER, { keys: [members, ofSession, meta], args }));
    }
  }

  async #leave(group: string, member: string): Promise<void> {
    const { connection, link } = this.#options;
    if (!link.isClosed) {
      this.#leftMeanwhile.push([group, member]);
      return;
    }
    const { members, ofSession, meta } = this.#keysOf(group);
    try {
      const request = { keys: [members, ofSession, meta] as [string, ...string[]], args: [KEEP_PEAK_MS, member] };
      await link.run(() => runScript(connection, LEAVE, request));
      if (!this.#mine.has(group)) await link.run(() => this.#deregister(group));
    } catch (error) {
      // The recovery that is now due enters only what is still held, and drops the rest with the old session.
      if (!(error instanceof StateUnavailableError)) throw error;
    }
  }

  /** Written down before anybody enters, so that whoever cleans up after this node knows where to look. */
  async #register(group: string): Promise<void> {
    const { connection, keys, session } = this.#options;
    const registry = keys.groupsOf(session());
    const known = this.#registered.get(group);
    const registering = known ?? connection.send(registry, ['SADD', registry, group]);
    this.#registered.set(group, registering);
    try {
      await registering;
    } catch (error) {
      if (this.#registered.get(group) === registering) this.#registered.delete(group);
      throw error;
    }
  }

  async #deregister(group: string): Promise<void> {
    const { connection, keys, session } = this.#options;
    const registry = keys.groupsOf(session());
    this.#registered.delete(group);
    await connection.send(registry, ['SREM', registry, group]);
  }

  async #count(group: string): Promise<GroupCount> {
    const { members, meta } = this.#keysOf(group);
    const [count, peak] = await runScript(this.#options.connection, COUNT_GROUP, { keys: [members, meta], args: [] });
    const counted = { count, peak: Number(peak) };
    this.#counts.set(group, counted);
    return counted;
  }

  #ownCount(group: string): GroupCount | undefined {
    const count = this.#mine.get(group)?.size;
    return count === undefined ? undefined : { count, peak: count };
  }
}
