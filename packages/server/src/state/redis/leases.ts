import { randomBytes } from 'node:crypto';
import { StateUnavailableError, type Lease } from '../contract.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import { LastKnown } from './last-known.ts';
import type { Link, Run } from './link.ts';
import { RELEASE_LEASE, RENEW_LEASE, runScript } from './scripts.ts';

/** How long a lease, of a name or of a node's life, is good without being renewed. */
export const LEASE_MS = 9000;
const KNOWN_HOLDERS = 10_000;

interface LeasesOptions {
  connection: Connection;
  keys: Keys;
  link: Link;
  nodeId: string;
}

interface Holder {
  nodeId: string;
  value: string;
}

/** A lease's key holds `NODE TOKEN VALUE` and ends by itself; the token tells two leases of one node apart. */
class HeldLease implements Lease {
  readonly name: string;
  readonly value: string;
  readonly content: string;
  readonly #giveUp: (lease: HeldLease) => Promise<void>;
  /** On the process's own clock, taken before the renewal was sent. */
  renewedAtMs: number;
  isLost = false;

  constructor(init: { name: string; value: string; nodeId: string; giveUp: (lease: HeldLease) => Promise<void> }) {
    this.name = init.name;
    this.value = init.value;
    this.content = `${init.nodeId} ${randomBytes(6).toString('hex')} ${init.value}`;
    this.#giveUp = init.giveUp;
    this.renewedAtMs = performance.now();
  }

  /** False as well when it could not be renewed in time, because another node may have it by now. */
  get isHeld(): boolean {
    return !this.isLost && performance.now() - this.renewedAtMs < LEASE_MS;
  }

  async release(): Promise<void> {
    if (this.isLost) return;
    this.isLost = true;
    await this.#giveUp(this);
  }
}

/** Names that one node holds alone. */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, HeldLease>();
  readonly #holders = new LastKnown<Holder | undefined>(KNOWN_HOLDERS);

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /**
   * One of this node's own that was not renewed in time is given up first: whoever asks again believes in it no longer, and renewed
   * for nobody it would keep everybody out for as long as this node lives.
   */
  async take(name: string, value: string): Promise<Lease | undefined> {
    const { connection, keys, link, nodeId } = this.#options;
    const own = this.#held.get(name);
    if (own?.isHeld === false) await own.release();
    const giveUp = (given: HeldLease): Promise<void> => this.#release(given);
    const lease = new HeldLease({ name, value, nodeId, giveUp });
    const key = keys.lease(name);
    const args = ['SET', key, lease.content, 'NX', 'PX', String(LEASE_MS)];
    if ((await link.run(() => connection.send(key, args))) === null) return undefined;
    this.#held.set(name, lease);
    return lease;
  }

  /** While Redis is away, the last known; StateUnavailableError when one of the names is not known. */
  async holders(names: readonly string[]): Promise<Map<string, Holder>> {
    const holders = await this.#lookUp(names);
    const held = new Map<string, Holder>();
    for (const [at, name] of names.entries()) {
      const holder = holders[at];
      if (holder !== undefined) held.set(name, holder);
    }
    return held;
  }

  /** Renews all in one batch. One that another node took meanwhile is lost; one that ended is taken again. */
  async renew(run: Run): Promise<void> {
    const sentAtMs = performance.now();
    await run(() => Promise.all([...this.#held.values()].map((lease) => this.#renew(lease, sentAtMs))));
  }

  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held.values()].map((lease) => lease.release()));
  }

  async #lookUp(names: readonly string[]): Promise<(Holder | undefined)[]> {
    const { connection, keys, link } = this.#options;
    try {
      const contents = await link.run(() =>
        Promise.all(names.map((name) => connection.send(keys.lease(name), ['GET', keys.lease(name)]))),
      );
      const holders = contents.map((content) => (typeof content === 'string' ? parseHolder(content) : undefined));
      for (const [at, name] of names.entries()) this.#holders.set(name, holders[at]);
      return holders;
    } catch (error) {
      if (!(error instanceof StateUnavailableError)) throw error;
      return names.map((name) => this.#recall(name, error));
    }
  }

  #recall(name: string, unavailable: StateUnavailableError): Holder | undefined {
    const own = this.#held.get(name);
    if (own?.isHeld === true) return { nodeId: this.#options.nodeId, value: own.value };
    if (!this.#holders.has(name)) throw unavailable;
    return this.#holders.get(name);
  }

  async #renew(lease: HeldLease, sentAtMs: number): Promise<void> {
    const { connection, keys } = this.#options;
    const request = { keys: [keys.lease(lease.name)] as [string], args: [lease.content, LEASE_MS] };
    const isOurs = (await runScript(connection, RENEW_LEASE, request)) === 1;
    // Released while the renewal was under way: it may just have been taken again.
    if (lease.isLost) {
      await this.#delete(lease);
    } else if (isOurs) {
      lease.renewedAtMs = sentAtMs;
    } else {
      lease.isLost = true;
      this.#remove(lease);
    }
  }

  async #release(lease: HeldLease): Promise<void> {
    this.#remove(lease);
    try {
      await this.#options.link.run(() => this.#delete(lease));
    } catch (error) {
      // Redis is away: no longer renewed, the key ends by itself.
      if (!(error instanceof StateUnavailableError)) throw error;
    }
  }

  async #delete(lease: HeldLease): Promise<void> {
    const { connection, keys } = this.#options;
    await runScript(connection, RELEASE_LEASE, { keys: [keys.lease(lease.name)], args: [lease.content] });
  }

  #remove(lease: HeldLease): void {
    if (this.#held.get(lease.name) === lease) this.#held.delete(lease.name);
  }
}

function parseHolder(content: string): Holder {
  const [nodeId = '', token = ''] = content.split(' ', 2);
  return { nodeId, value: content.slice(nodeId.length + token.length + 2) };
}
