import type { GroupCount, StateCenter } from '../../state/contract.ts';
import { StateUnavailableError } from '../../state/contract.ts';

/** A place kept for a media connection that was let in but has not begun to play. */
const RESERVATION_MS = 10_000;
/** How long calling enter counts; calling it again renews. */
export const ENTER_MS = 60_000;
/** How old a number may be that is shown. */
const FRESH_MS = 1000;
/** Numbers of rooms kept on this node. */
const MAX_NUMBERS = 20_000;

const GROUP = 'viewers:';
const CONSUMERS = ['rooms', 'list', 'store'] as const;
type Consumer = (typeof CONSUMERS)[number];

export interface AudienceRoom {
  id: string;
  /** 0 is no limit. */
  maxViewers: number;
}

/** Somebody who began to watch on this node. */
export interface Arrival {
  roomId: string;
  /** Who they are counted as. */
  person: string;
}

/** Why a person is counted: one of their connections on this node. */
interface Hold {
  /** Of a media connection. */
  clientId?: string;
  /** It came with a play token, or was let in for another reason that privacy does not end. */
  isEntitled?: boolean;
  /** When it ends by itself. */
  untilMs?: number;
}

interface Presence {
  room: AudienceRoom;
  person: string;
  holds: Set<Hold>;
  /** The one that calling enter made. */
  lease?: Hold;
  /** Whether the state center knows. */
  isEntered: boolean;
  settling?: Promise<void>;
}

/**
 * Who watches each room. A person is counted once, whatever they hold: this node keeps what they hold here, and enters
 * them into the room's group in the state center with the first of it and takes them out with the last.
 */
export class Audience {
  readonly #state: StateCenter;
  readonly #now: () => number;
  /** By room, by person. */
  readonly #rooms = new Map<string, Map<string, Presence>>();
  readonly #media = new Map<string, { presence: Presence; hold: Hold }>();
  readonly #timed = new Map<Hold, Presence>();
  /** What the state center could not be told. */
  readonly #unsettled = new Set<Presence>();
  readonly #numbers = new Map<string, GroupCount & { atMs: number }>();
  readonly #arrivals: ((arrival: Arrival) => void)[] = [];
  readonly #dirty = { rooms: new Set<string>(), list: new Set<string>(), store: new Set<string>() };

  constructor(deps: { state: StateCenter; now: () => number }) {
    this.#state = deps.state;
    this.#now = deps.now;
    deps.state.onNodeLost(({ groups }) => {
      for (const group of groups) if (group.startsWith(GROUP)) this.#changed(group.slice(GROUP.length));
    });
  }

  /** Told of everybody who begins to watch on this node. May not throw. */
  onArrival(listener: (arrival: Arrival) => void): void {
    this.#arrivals.push(listener);
  }

  /** Keeps a place for a media connection; false when the room is full. */
  async reserve(
    room: AudienceRoom,
    { clientId, person, isEntitled }: { clientId: string; person: string; isEntitled: boolean },
  ): Promise<boolean> {
    this.stopped(clientId);
    const hold: Hold = { clientId, isEntitled, untilMs: this.#now() + RESERVATION_MS };
    const presence = this.#presence(room, person);
    this.#media.set(clientId, { presence, hold });
    return this.#take(presence, hold);
  }

  /** A media connection plays: its place is kept until it stops. */
  playing(clientId: string): void {
    const found = this.#media.get(clientId);
    if (found === undefined) return;
    found.hold.untilMs = undefined;
    this.#timed.delete(found.hold);
  }

  stopped(clientId: string): void {
    const found = this.#media.get(clientId);
    if (found !== undefined) this.#drop(found.presence, found.hold);
  }

  /** Somebody listens to the room; what is returned ends it. Undefined when the room is full. */
  async listen(room: AudienceRoom, person: string): Promise<(() => void) | undefined> {
    const hold: Hold = {};
    const presence = this.#presence(room, person);
    return (await this.#take(presence, hold)) ? () => this.#drop(presence, hold) : undefined;
  }

  /** Presence without a connection, for `ENTER_MS` from now; false when the room is full. */
  async enter(room: AudienceRoom, person: string): Promise<boolean> {
    const presence = this.#presence(room, person);
    presence.lease ??= {};
    presence.lease.untilMs = this.#now() + ENTER_MS;
    return this.#take(presence, presence.lease);
  }

  /** Ends what `enter` began on this node. */
  leave(roomId: string, person: string): void {
    const presence = this.#rooms.get(roomId)?.get(person);
    if (presence?.lease !== undefined) this.#drop(presence, presence.lease);
  }

  /** The media connections of a person, or of all who came without entitlement. */
  mediaOf(roomId: string, fits: { person: string } | 'not entitled'): string[] {
    const presences = this.#rooms.get(roomId) ?? new Map<string, Presence>();
    const chosen = fits === 'not entitled' ? [...presences.values()] : [presences.get(fits.person)];
    return chosen
      .flatMap((presence) => [...(presence?.holds ?? [])])
      .filter(({ isEntitled }) => fits !== 'not entitled' || isEntitled === false)
      .map(({ clientId }) => clientId)
      .filter((clientId) => clientId !== undefined);
  }

  /** Distinct people over all nodes as last seen here; undefined when never. */
  known(roomId: string): GroupCount | undefined {
    return this.#numbers.get(roomId);
  }

  /** Makes `known` at most a second old for these rooms; while the state center is away the last known stays. */
  async refresh(roomIds: readonly string[]): Promise<void> {
    const atMs = this.#now();
    const old = roomIds.filter((id) => (this.#numbers.get(id)?.atMs ?? -Infinity) + FRESH_MS <= atMs);
    if (old.length === 0) return;
    try {
      const counts = await this.#state.counts(old.map((id) => GROUP + id));
      for (const id of old) {
        const { count, peak } = counts.get(GROUP + id) ?? { count: 0, peak: 0 };
        if ((this.#numbers.get(id)?.atMs ?? -Infinity) > atMs) continue;
        this.#numbers.delete(id);
        this.#numbers.set(id, { count, peak, atMs });
      }
      for (const [id] of this.#numbers) {
        if (this.#numbers.size <= MAX_NUMBERS) break;
        this.#numbers.delete(id);
      }
    } catch (error) {
      if (!(error instanceof StateUnavailableError)) throw error;
    }
  }

  /** Gives this consumer the rooms whose numbers may have changed since it was told last; what it fails to be told, it is told next time. */
  async tellChanged(consumer: Consumer, tell: (roomIds: readonly string[]) => Promise<void>): Promise<void> {
    const changed = [...this.#dirty[consumer]];
    this.#dirty[consumer].clear();
    try {
      await tell(changed);
    } catch (error) {
      for (const roomId of changed) this.#dirty[consumer].add(roomId);
      throw error;
    }
  }

  /** Distinct people per room, summed, who hold something on this node. */
  total(): number {
    let total = 0;
    for (const people of this.#rooms.values()) total += people.size;
    return total;
  }

  async people(roomId: string, limit: number): Promise<string[]> {
    return this.#state.members(GROUP + roomId, limit);
  }

  /** Ends what is over, and tells the state center what it could not be told before. */
  async sweep(): Promise<void> {
    const now = this.#now();
    for (const [hold, presence] of this.#timed) {
      if (hold.untilMs !== undefined && hold.untilMs <= now) this.#drop(presence, hold);
    }
    const unsettled = [...this.#unsettled];
    this.#unsettled.clear();
    await Promise.all(unsettled.map((presence) => this.#settle(presence).catch(ignoreUnavailable)));
  }

  #presence(room: AudienceRoom, person: string): Presence {
    const people = this.#rooms.get(room.id) ?? new Map<string, Presence>();
    this.#rooms.set(room.id, people);
    const presence = people.get(person) ?? { room, person, holds: new Set(), isEntered: false };
    presence.room = room;
    people.set(person, presence);
    return presence;
  }

  /** @throws StateUnavailableError in a room with a limit that cannot be checked now */
  async #take(presence: Presence, hold: Hold): Promise<boolean> {
    presence.holds.add(hold);
    if (hold.untilMs !== undefined) this.#timed.set(hold, presence);
    try {
      await this.#settle(presence);
    } catch (error) {
      if (!(error instanceof StateUnavailableError) || presence.room.maxViewers > 0) {
        this.#drop(presence, hold);
        throw error;
      }
    }
    return presence.holds.has(hold);
  }

  #drop(presence: Presence, hold: Hold): void {
    this.#forget(presence, hold);
    if (presence.holds.size === 0) void this.#settle(presence).catch(ignoreUnavailable);
  }

  #forget(presence: Presence, hold: Hold): void {
    presence.holds.delete(hold);
    this.#timed.delete(hold);
    if (presence.lease === hold) presence.lease = undefined;
    if (hold.clientId !== undefined && this.#media.get(hold.clientId)?.hold === hold) this.#media.delete(hold.clientId);
  }

  async #settle(presence: Presence): Promise<void> {
    if (presence.settling === undefined && presence.holds.size > 0 === presence.isEntered) {
      if (!presence.isEntered) this.#remove(presence);
      return;
    }
    presence.settling ??= this.#reconcile(presence);
    await presence.settling;
  }

  /** Brings the state center to what is held here, one step after the other, until nothing changed meanwhile. */
  async #reconcile(presence: Presence): Promise<void> {
    const { room, person, holds } = presence;
    try {
      while (holds.size > 0 !== presence.isEntered) {
        if (presence.isEntered) {
          await this.#state.leave(GROUP + room.id, person);
          presence.isEntered = false;
        } else if (await this.#state.enter(GROUP + room.id, person, presence.room.maxViewers)) {
          presence.isEntered = true;
          for (const listener of this.#arrivals) listener({ roomId: room.id, person });
        } else {
          for (const hold of holds) this.#forget(presence, hold);
          break;
        }
        this.#changed(room.id);
      }
      if (holds.size === 0) this.#remove(presence);
    } catch (error) {
      this.#unsettled.add(presence);
      throw error;
    } finally {
      presence.settling = undefined;
    }
  }

  #remove(presence: Presence): void {
    const { room, person } = presence;
    const people = this.#rooms.get(room.id);
    if (people?.get(person) !== presence) return;
    people.delete(person);
    if (people.size === 0) this.#rooms.delete(room.id);
  }

  #changed(roomId: string): void {
    const known = this.#numbers.get(roomId);
    if (known !== undefined) known.atMs = -Infinity;
    for (const consumer of CONSUMERS) this.#dirty[consumer].add(roomId);
  }
}

/** What could not be told is kept, and told by the next sweep. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StateUnavailableError)) throw error;
}
