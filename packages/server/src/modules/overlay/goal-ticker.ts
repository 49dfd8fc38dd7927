import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { reasonOf } from '../../database/errors.ts';
import type { Lease, StateCenter } from '../../state/contract.ts';
import { GOAL_UPDATED, type Goal, type GoalAnswer } from './contract.ts';
import type { OverlayStore } from './store.ts';

const EVERY_MS = 1000;
/** Followers come by other modules: they are looked at, by one node for all. */
const FOLLOWERS_EVERY_MS = 3000;
const FOLLOWERS_LEASE = 'goals:followers';
const MOST_FOLLOWER_GOALS = 500;
/** Rooms that wait to be told; one more waits for the next gift. */
const MOST_WAITING = 10_000;

interface Place {
  roomId: string;
  channelId: string;
}

interface Waiting extends Place {
  /** Then that there is no goal any more is told too. */
  isRemoved: boolean;
}

export interface GoalTickerDeps {
  store: OverlayStore;
  state: StateCenter;
  logger: Logger;
  read(channelId: string): Promise<Goal | null>;
}

/**
 * Tells rooms how far their goals are: at most once a second and room over all nodes, for whoever tells it holds its
 * lease for a second, and the others look again after that.
 */
export class GoalTicker {
  readonly #deps: GoalTickerDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #leases = new Set<Lease>();
  /** What rooms that count followers were told last, by the node that looks at them. */
  #followers = new Map<string, number>();
  #followersLease: Lease | undefined;
  #timers: NodeJS.Timeout[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(deps: GoalTickerDeps) {
    this.#deps = deps;
  }

  /** Whether a room has a goal is looked up when it is told. */
  changed({ roomId, channelId }: Place, isRemoved = false): void {
    const known = this.#waiting.get(roomId);
    if (known === undefined && this.#waiting.size >= MOST_WAITING) return;
    this.#waiting.set(roomId, { roomId, channelId, isRemoved: isRemoved || known?.isRemoved === true });
  }

  start(): void {
    if (this.#timers.length > 0) return;
    const every = (ms: number, work: () => Promise<void>): NodeJS.Timeout => {
      let isBusy = false;
      return setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        this.#running = Promise.all([this.#running, this.#guard(work)]).then(() => void (isBusy = false));
      }, ms).unref();
    };
    this.#timers = [every(EVERY_MS, () => this.#tell()), every(FOLLOWERS_EVERY_MS, () => this.#lookAtFollowers())];
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await this.#running;
    const held = [...this.#leases, ...(this.#followersLease === undefined ? [] : [this.#followersLease])];
    this.#leases.clear();
    this.#followersLease = undefined;
    await this.#guard(async () => void (await Promise.all(held.map((lease) => lease.release()))));
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // Whoever looks gets the goal as it is; the next change is told.
      this.#deps.logger.debug({ reason: reasonOf(error) }, 'goals could not be told');
    }
  }

  async #tell(): Promise<void> {
    const over = [...this.#leases];
    this.#leases.clear();
    await Promise.all(over.map((lease) => lease.release()));
    for (const place of [...this.#waiting.values()]) {
      if (this.#timers.length === 0) return;
      await this.#tellRoom(place);
    }
  }

  async #tellRoom(place: Waiting): Promise<void> {
    const { roomId, channelId } = place;
    const { store, state, read } = this.#deps;
    if (!place.isRemoved && (await store.goalOf(channelId)) === undefined) {
      this.#waiting.delete(roomId);
      return;
    }
    const lease = await state.lease(`goal:${roomId}`);
    if (lease === undefined) return;
    this.#leases.add(lease);
    // What changes from here on is told next.
    this.#waiting.delete(roomId);
    try {
      const data: GoalAnswer = { goal: await read(channelId) };
      await state.append(`room:${roomId}`, { id: randomUUID(), event: GOAL_UPDATED, data });
    } catch (error) {
      this.changed(place, place.isRemoved);
      throw error;
    }
  }

  async #lookAtFollowers(): Promise<void> {
    const { store, state } = this.#deps;
    if (this.#followersLease?.isHeld !== true) {
      await this.#followersLease?.release();
      this.#followersLease = await state.lease(FOLLOWERS_LEASE);
      this.#followers.clear();
    }
    if (this.#followersLease === undefined) return;
    const places = await store.followerGoals(MOST_FOLLOWER_GOALS);
    // One that was not looked at before may have changed since it was set, or since another node looked.
    for (const place of places) if (this.#followers.get(place.roomId) !== place.followers) this.changed(place);
    this.#followers = new Map(places.map(({ roomId, followers }) => [roomId, followers]));
  }
}
