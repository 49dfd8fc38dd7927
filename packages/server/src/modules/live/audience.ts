/** A place kept for somebody who was let in but has not begun to play. */
const RESERVATION_MS = 10_000;

export interface AudienceRoom {
  id: string;
  playId: string;
  isPrivate: boolean;
  maxViewers: number;
}

interface Crowd {
  room: AudienceRoom;
  /** Connections per person. */
  people: Map<string, number>;
  reserved: Map<string, { person: string; untilMs: number }>;
  peak: number;
  /** What each consumer was told last. */
  reported: Map<string, string>;
}

/** A changed number of viewers. */
export interface AudienceChange {
  room: AudienceRoom;
  viewerCount: number;
  peakViewers: number;
}

/** Counts the distinct people who watch each stream. */
export class Audience {
  readonly #now: () => number;
  readonly #crowds = new Map<string, Crowd>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Keeps a place; false when the room is full. `person` is their proven id, or the connection's own. */
  admit(room: AudienceRoom, { clientId, person }: { clientId: string; person: string }): boolean {
    const crowd = this.#crowds.get(room.playId) ?? {
      room,
      people: new Map(),
      reserved: new Map(),
      peak: 0,
      reported: new Map(),
    };
    crowd.room = room;
    this.#dropStale(crowd);
    const expected = new Set([...crowd.people.keys(), ...[...crowd.reserved.values()].map((place) => place.person)]);
    if (room.maxViewers > 0 && !expected.has(person) && expected.size >= room.maxViewers) return false;
    crowd.reserved.set(clientId, { person, untilMs: this.#now() + RESERVATION_MS });
    this.#crowds.set(room.playId, crowd);
    return true;
  }

  joined(playId: string, { clientId, person }: { clientId: string; person: string }): void {
    const crowd = this.#crowds.get(playId);
    if (crowd === undefined) return;
    crowd.reserved.delete(clientId);
    crowd.people.set(person, (crowd.people.get(person) ?? 0) + 1);
    crowd.peak = Math.max(crowd.peak, crowd.people.size);
  }

  left(playId: string, person: string): void {
    const people = this.#crowds.get(playId)?.people;
    const connections = people?.get(person);
    if (people === undefined || connections === undefined) return;
    if (connections > 1) people.set(person, connections - 1);
    else people.delete(person);
  }

  count(playId: string): number {
    return this.#crowds.get(playId)?.people.size ?? 0;
  }

  peak(playId: string): number {
    return this.#crowds.get(playId)?.peak ?? 0;
  }

  /** Distinct people per room, summed. */
  total(): number {
    let total = 0;
    for (const { people } of this.#crowds.values()) total += people.size;
    return total;
  }

  /** Rooms whose numbers changed since this consumer asked last. */
  changes(consumer: string): AudienceChange[] {
    const changes: AudienceChange[] = [];
    for (const crowd of this.#crowds.values()) {
      if ((crowd.reported.get(consumer) ?? stateOf({ size: 0, peak: 0 })) === stateNow(crowd)) continue;
      crowd.reported.set(consumer, stateNow(crowd));
      changes.push({ room: crowd.room, viewerCount: crowd.people.size, peakViewers: crowd.peak });
    }
    return changes;
  }

  /** Forgets the crowds that nobody is left in, once every consumer was told so. */
  forgetEmpty(): void {
    for (const [playId, crowd] of this.#crowds) {
      this.#dropStale(crowd);
      if (crowd.people.size > 0 || crowd.reserved.size > 0) continue;
      if ([...crowd.reported.values()].every((state) => state === stateNow(crowd))) this.#crowds.delete(playId);
    }
  }

  #dropStale({ reserved }: Crowd): void {
    for (const [clientId, { untilMs }] of reserved) if (untilMs <= this.#now()) reserved.delete(clientId);
  }
}

function stateNow({ people, peak }: Crowd): string {
  return stateOf({ size: people.size, peak });
}

function stateOf({ size, peak }: { size: number; peak: number }): string {
  return `${size}/${peak}`;
}
