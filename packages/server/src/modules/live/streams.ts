import type { Lease, StateCenter } from '../../state/contract.ts';

/** How long a publisher that was let in may take until it is current. */
const BECOMING_CURRENT_MS = 30_000;

interface Held {
  leasing: Promise<Lease | undefined>;
  /** A publisher is current on this node. */
  isCurrent: boolean;
  /** A publisher was let in and may become current until then. */
  pendingUntilMs: number;
  /** Let in by a key that is not good any more. */
  isCut: boolean;
}

const leaseName = (playId: string): string => `stream:${playId}`;

/** Which streams are published, and by whom: by leases of the nodes that carry them, or as a shared engine says. */
export interface Streams {
  /** Before a publisher is let in. False when another node has one. @throws StateUnavailableError */
  claim(playId: string): Promise<boolean>;
  /** A publisher is current. It has to go when another node has one too, or when its key was changed meanwhile. */
  published(playId: string): Promise<'stays' | 'goes'>;
  /** Nobody is current any more; somebody who was let in may still become so. */
  ended(playId: string): Promise<void>;
  /** Publishers that were let in but are not current yet are cut when they become so. */
  cut(playId: string): void;
  /** Those streams that somebody publishes, anywhere. */
  holders(playIds: readonly string[]): Promise<Set<string>>;
  isHeldElsewhere(playId: string): Promise<boolean>;
  /** Of the engine of this node alone. */
  isHeldHere(playId: string): Promise<boolean>;
  /** The living node that publishes it, or is about to. */
  holderOf(playId: string): Promise<string | undefined>;
  /** What was let in and never became current is forgotten. */
  releaseStale(): Promise<void>;
  /** At the end of this node: others may publish what it did. */
  releaseAll(): Promise<void>;
}

/** The streams that this node publishes, alone among all nodes. */
export class StreamLeases implements Streams {
  readonly #state: StateCenter;
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();

  constructor(deps: { state: StateCenter; now: () => number }) {
    this.#state = deps.state;
    this.#now = deps.now;
  }

  async claim(playId: string): Promise<boolean> {
    const held = await this.#hold(playId);
    if (held === undefined) return false;
    held.pendingUntilMs = this.#now() + BECOMING_CURRENT_MS;
    held.isCut = false;
    return true;
  }

  async published(playId: string): Promise<'stays' | 'goes'> {
    const held = await this.#hold(playId);
    if (held === undefined) return 'goes';
    held.isCurrent = true;
    held.pendingUntilMs = 0;
    if (!held.isCut) return 'stays';
    held.isCut = false;
    return 'goes';
  }

  async ended(playId: string): Promise<void> {
    const held = this.#held.get(playId);
    if (held === undefined) return;
    held.isCurrent = false;
    await this.#releaseIdle(playId, held);
  }

  cut(playId: string): void {
    const held = this.#held.get(playId);
    if (held !== undefined && held.pendingUntilMs > 0) held.isCut = true;
  }

  async holders(playIds: readonly string[]): Promise<Set<string>> {
    if (playIds.length === 0) return new Set();
    const held = await this.#state.holders(playIds.map(leaseName));
    return new Set(playIds.filter((playId) => held.has(leaseName(playId))));
  }

  async isHeldHere(playId: string): Promise<boolean> {
    return (await this.#held.get(playId)?.leasing)?.isHeld === true;
  }

  async holderOf(playId: string): Promise<string | undefined> {
    const name = leaseName(playId);
    return (await this.#state.holders([name])).get(name)?.nodeId;
  }

  async isHeldElsewhere(playId: string): Promise<boolean> {
    if (await this.isHeldHere(playId)) return false;
    return (await this.holders([playId])).has(playId);
  }

  async releaseStale(): Promise<void> {
    await Promise.all([...this.#held].map(([playId, held]) => this.#releaseIdle(playId, held)));
  }

  async releaseAll(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    // Where the state center is away they end by themselves.
    await Promise.allSettled(held.map(async ({ leasing }) => (await leasing)?.release()));
  }

  async #releaseIdle(playId: string, held: Held): Promise<void> {
    if (held.isCurrent || held.pendingUntilMs > this.#now()) return;
    if (this.#held.get(playId) === held) this.#held.delete(playId);
    const lease = await held.leasing;
    await lease?.release();
  }

  async #hold(playId: string): Promise<Held | undefined> {
    for (;;) {
      const known = this.#held.get(playId);
      const lease = await known?.leasing;
      // Somebody else took it or gave it up while this one waited.
      if (this.#held.get(playId) !== known) continue;
      if (known !== undefined && lease?.isHeld === true) return known;
      return this.#take(playId, { lease, isCurrent: known?.isCurrent ?? false });
    }
  }

  /** Takes the place of what is known in the same turn, so that of two who come at once the second waits for the first. */
  async #take(playId: string, before: { lease: Lease | undefined; isCurrent: boolean }): Promise<Held | undefined> {
    const held: Held = {
      leasing: this.#lease(playId, before.lease),
      isCurrent: before.isCurrent,
      pendingUntilMs: this.#now() + BECOMING_CURRENT_MS,
      isCut: false,
    };
    this.#held.set(playId, held);
    const forget = (): void => {
      if (this.#held.get(playId) === held) this.#held.delete(playId);
    };
    try {
      if ((await held.leasing) !== undefined) return held;
      forget();
      return undefined;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** One that was not renewed in time is given up first: were it forgotten, it would be renewed for nobody, and nobody could publish. */
  async #lease(playId: string, stale: Lease | undefined): Promise<Lease | undefined> {
    await stale?.release();
    return this.#state.lease(leaseName(playId), this.#state.nodeId);
  }
}
