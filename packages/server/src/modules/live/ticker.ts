import type { Logger } from 'pino';
import { DatabaseUnavailableError } from '../../database/errors.ts';
import { StateUnavailableError } from '../../state/contract.ts';
import type { Announcer } from './announcer.ts';
import type { Audience } from './audience.ts';
import type { RoomStore } from './store.ts';

/** How often, at most, each consumer is told of changed viewer numbers. */
const EVERY_MS = { rooms: 1000, list: 2000, store: 5000, sweep: 1000 } as const;

/** Carries viewer numbers, changed ones only, to the channels and to the database. */
export class Ticker {
  readonly #store: RoomStore;
  readonly #audience: Audience;
  readonly #announcer: Announcer;
  readonly #logger: Logger;
  #timers: NodeJS.Timeout[] = [];

  constructor(deps: { store: RoomStore; audience: Audience; announcer: Announcer; logger: Logger }) {
    this.#store = deps.store;
    this.#audience = deps.audience;
    this.#announcer = deps.announcer;
    this.#logger = deps.logger;
  }

  start(): void {
    this.#timers = [
      this.#every(EVERY_MS.rooms, () => this.#audience.tellChanged('rooms', (ids) => this.#tellRooms(ids))),
      this.#every(EVERY_MS.list, () => this.#audience.tellChanged('list', (ids) => this.#tellList(ids))),
      this.#every(EVERY_MS.store, () => this.#saveChanged()),
      this.#every(EVERY_MS.sweep, () => this.#audience.sweep()),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await this.#saveChanged();
  }

  /** Writes the present numbers of these rooms down; an ended room keeps the ones it ended with. */
  async save(roomIds: readonly string[]): Promise<void> {
    if (roomIds.length === 0) return;
    await this.#audience.refresh(roomIds);
    const tallies = roomIds.flatMap((id) => {
      const known = this.#audience.known(id);
      return known === undefined ? [] : [{ id, viewerCount: known.count, peakViewers: known.peak }];
    });
    await this.#store.saveTallies(tallies);
  }

  #saveChanged(): Promise<void> {
    return this.#audience.tellChanged('store', (roomIds) => this.save(roomIds));
  }

  async #tellRooms(changed: readonly string[]): Promise<void> {
    await this.#audience.refresh(changed);
    await this.#announcer.viewersOfRooms(changed);
  }

  async #tellList(changed: readonly string[]): Promise<void> {
    if (changed.length === 0) return;
    const listed = await this.#store.listed(changed);
    await this.#audience.refresh(listed);
    await this.#announcer.viewersOfList(listed);
  }

  #every(periodMs: number, work: () => Promise<void>): NodeJS.Timeout {
    const timer = setInterval(() => {
      work().catch((error: unknown) => {
        // The outage is told by whom it concerns, once.
        const isOutage = error instanceof StateUnavailableError || error instanceof DatabaseUnavailableError;
        this.#logger[isOutage ? 'debug' : 'error']({ err: error }, 'viewer numbers were not passed on');
      });
    }, periodMs);
    return timer.unref();
  }
}
