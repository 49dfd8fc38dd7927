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
  tokens: number;
  atMs: number;
  timer: NodeJS.Timeout | undefined;
}

export interface DanmakuDeps {
  state: StateCenter;
  logger: Logger;
  perSecond: number;
  now: () => number;
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
    const room: Room = { sample: [], came: 0, tokens: this.#burst, atMs: this.#deps.now(), timer: undefined };
    this.#rooms.set(roomId, room);
    return room;
  }

  #tick(roomId: string, room: Room): void {
    const { now, perSecond, state, logger } = this.#deps;
    room.timer = undefined;
    const nowMs = now();
    room.tokens = Math.min(this.#burst, room.tokens + (Math.max(0, nowMs - room.atMs) / 1000) * perSecond);
    room.atMs = nowMs;
    const { came } = room;
    const { sample } = room;
    room.sample = [];
    room.came = 0;
    if (came === 0) {
      // Silent for a tick: nothing is remembered of a room whose allowance is whole again.
      if (room.tokens >= this.#burst) this.#rooms.delete(roomId);
      else room.timer = setTimeout(() => this.#tick(roomId, room), TICK_MS).unref();
      return;
    }
    const items = this.#pick(sample, Math.floor(room.tokens));
    room.tokens -= items.length;
    this.leftOut += came - items.length;
    room.timer = setTimeout(() => this.#tick(roomId, room), TICK_MS).unref();
    if (items.length === 0) return;
    state.publishEphemeral(`live:${roomId}`, 'danmaku', { items }).catch((error: unknown) => {
      logger.debug({ err: error, roomId }, 'danmaku did not fly');
    });
  }

  /** Any `count` of them with the same chance, in their order. */
  #pick(sample: Room['sample'], count: number): DanmakuItem[] {
    const left = [...sample];
    while (left.length > count) left.splice(Math.floor(this.#random() * left.length), 1);
    return left.toSorted((a, b) => a.n - b.n).map(({ item }) => item);
  }
}
