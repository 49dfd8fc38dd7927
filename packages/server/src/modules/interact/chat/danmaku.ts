import type { Logger } from 'pino';
import type { StateCenter } from '../../../state/contract.ts';
import type { DanmakuItem } from './contract.ts';

/** Between two events of a room. */
const TICK_MS = 100;
/** Of a second's items, so many may go at once after a silence. */
const BURST_SHARE = 0.5;

interface Room {
  /** A uniform sample of what came since the last event, in its order. */
  sample: { n: number; item: DanmakuItem }[];
  came: number;
  timer: NodeJS.Timeout | undefined;
}

export interface DanmakuDeps {
  state: StateCenter;
  logger: Logger;
  /** Of one room, over all nodes. */
  perSecond: number;
  random?: () => number;
}

/**
 * What flies over the picture: on `live:ID`, a few times a second. Nobody reads a thousand lines at once, so of a storm
 * each line has the same chance to be among those that fly; in the chat all of them stand.
 */
export class DanmakuSky {
  readonly #deps: DanmakuDeps;
  readonly #random: () => number;
  readonly #rooms = new Map<string, Room>();
  /** Left out of storms, since the start. */
  leftOut = 0;

  constructor(deps: DanmakuDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
  }

  add(roomId: string, item: DanmakuItem): void {
    const room = this.#use(roomId);
    const slot = room.came < this.#burst ? room.came : Math.floor(this.#random() * (room.came + 1));
    if (slot < this.#burst) room.sample[slot] = { n: room.came, item };
    room.came++;
    room.timer ??= setTimeout(() => this.#tick(roomId, room), TICK_MS).unref();
  }

  /** Idempotent. */
  close(): void {
    for (const { timer } of this.#rooms.values()) clearTimeout(timer);
    this.#rooms.clear();
  }

  get #burst(): number {
    return Math.max(1, Math.floor(this.#deps.perSecond * BURST_SHARE));
  }

  #use(roomId: string): Room {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const room: Room = { sample: [], came: 0, timer: undefined };
    this.#rooms.set(roomId, room);
    return room;
  }

  #tick(roomId: string, room: Room): void {
    const { sample, came } = room;
    if (came === 0) {
      this.#rooms.delete(roomId);
      return;
    }
    room.sample = [];
    room.came = 0;
    room.timer = setTimeout(() => this.#tick(roomId, room), TICK_MS).unref();
    this.#fly(roomId, sample, came).catch((error: unknown) => {
      this.#deps.logger.debug({ err: error, roomId }, 'danmaku did not fly');
    });
  }

  async #fly(roomId: string, sample: Room['sample'], came: number): Promise<void> {
    const { state, perSecond } = this.#deps;
    let items: DanmakuItem[] = [];
    try {
      const bucket = { burst: this.#burst, perSecond };
      items = this.#pick(sample, await state.take(`danmaku:${roomId}`, bucket, sample.length));
    } finally {
      this.leftOut += came - items.length;
    }
    if (items.length > 0) await state.publishEphemeral(`live:${roomId}`, 'danmaku', { items });
  }

  /** Any `count` of them with the same chance, in their order. */
  #pick(sample: Room['sample'], count: number): DanmakuItem[] {
    const left = [...sample];
    while (left.length > count) left.splice(Math.floor(this.#random() * left.length), 1);
    return left.toSorted((a, b) => a.n - b.n).map(({ item }) => item);
  }
}
