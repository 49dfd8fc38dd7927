import type { DanmakuPosition } from './danmaku-item.ts';

/** Between two that fly in one lane, in the unit of `width`. */
const GAP = 24;

export interface LaneSize {
  /** Of the picture, in CSS pixels. */
  width: number;
  /** How many lanes there are for what flies, and for what stands at the top or bottom. */
  lanes: number;
  /** How long it takes to cross the picture. */
  travelMs: number;
  /** How long something stands. */
  standMs: number;
  /** Where no lane is free, take the one that is free the soonest. */
  overlap: boolean;
}

/** A place in a lane: counted from the top, for `bottom` from the bottom. */
export interface Placed {
  lane: number;
  startMs: number;
  durationMs: number;
}

interface Taken {
  startMs: number;
  durationMs: number;
  width: number;
}

/** Finds each message a lane in which it touches no other, whatever their lengths are: longer ones fly faster. */
export class Lanes {
  #size: LaneSize;
  /** The newest of each lane: nothing that came before it can be touched any more. */
  readonly #taken: Record<DanmakuPosition, (Taken | undefined)[]> = { scroll: [], top: [], bottom: [] };

  constructor(size: LaneSize) {
    this.#size = size;
  }

  /** From now on; what flies already keeps its lane. */
  resize(size: LaneSize): void {
    this.#size = size;
    for (const lanes of Object.values(this.#taken)) lanes.length = Math.min(lanes.length, size.lanes);
  }

  clear(): void {
    for (const lanes of Object.values(this.#taken)) lanes.length = 0;
  }

  /** Null when there is no room. `nowMs` is a clock that stands still with the picture. */
  place(position: DanmakuPosition, width: number, nowMs: number): Placed | null {
    const lanes = this.#taken[position];
    const isFree = position === 'scroll' ? this.#canFollow : this.#isOver;
    const next: Taken = {
      startMs: nowMs,
      durationMs: position === 'scroll' ? this.#size.travelMs : this.#size.standMs,
      width,
    };
    for (let lane = 0; lane < this.#size.lanes; lane += 1) {
      if (isFree.call(this, lanes[lane], next)) return this.#take(lanes, lane, next);
    }
    if (!this.#size.overlap || this.#size.lanes === 0) return null;
    return this.#take(lanes, this.#oldest(lanes), next);
  }

  #take(lanes: (Taken | undefined)[], lane: number, next: Taken): Placed {
    lanes[lane] = next;
    return { lane, startMs: next.startMs, durationMs: next.durationMs };
  }

  #oldest(lanes: readonly (Taken | undefined)[]): number {
    let oldest = 0;
    for (let lane = 1; lane < this.#size.lanes; lane += 1) {
      if ((lanes[lane]?.startMs ?? 0) < (lanes[oldest]?.startMs ?? 0)) oldest = lane;
    }
    return oldest;
  }

  #isOver(before: Taken | undefined, next: Taken): boolean {
    return before === undefined || before.startMs + before.durationMs <= next.startMs;
  }

  #canFollow(before: Taken | undefined, next: Taken): boolean {
    if (before === undefined) return true;
    const { width } = this.#size;
    const speedOf = (taken: Taken): number => (width + taken.width) / taken.durationMs;
    const travelled = (next.startMs - before.startMs) * speedOf(before);
    if (travelled < before.width + GAP) return false;
    // When the one before has left on the left side, the next one may at most have reached it.
    const leftMs = before.startMs + before.durationMs - next.startMs;
    return leftMs <= 0 || leftMs * speedOf(next) <= width - GAP;
  }
}
