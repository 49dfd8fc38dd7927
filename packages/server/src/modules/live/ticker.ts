import type { Logger } from 'pino';
import type { Announcer } from './announcer.ts';
import type { Audience } from './audience.ts';
import type { RoomStore } from './store.ts';

/** How often, at most, each consumer is told of changed viewer numbers. */
const EVERY_MS = { rooms: 1000, list: 2000, store: 5000 } as const;

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
      this.#every(EVERY_MS.rooms, () => this.#announcer.viewersOfRooms(this.#audience.changes('rooms'))),
      this.#every(EVERY_MS.list, () => this.#announcer.viewersOfList(this.#audience.changes('list'))),
      this.#every(EVERY_MS.store, () => this.#save()),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#store.saveTallies(
      this.#audience.changes('store').map(({ room, ...numbers }) => ({ playId: room.playId, ...numbers })),
    );
    this.#audience.forgetEmpty();
  }

  #every(periodMs: number, work: () => Promise<void>): NodeJS.Timeout {
    const timer = setInterval(() => {
      work().catch((error: unknown) => this.#logger.error({ err: error }, 'viewer numbers were not passed on'));
    }, periodMs);
    return timer.unref();
  }
}
