/** A picture that stands still for this long while data should come is a stall, unless its transport says otherwise. */
export const STALL_MS = 4_000;
/** A connection may take this long to its first picture, unless its transport says otherwise. */
export const FIRST_PICTURE_MS = 8_000;

/** At most 2³ times the usual patience. */
const MAX_PATIENCE = 3;

export interface StallPatience {
  stallMs: number;
  firstPictureMs: number;
}

export interface StallSample {
  nowMs: number;
  /** Rises while the picture moves, in whatever unit; 0 before the first. */
  progress: number;
  /** False while paused, or while the publisher is away: standing still is right then. */
  shouldMove: boolean;
}

/** Notices that the picture no longer moves. */
export class StallWatch {
  readonly #patience: StallPatience;
  #progress = 0;
  #movedAtMs: number;
  #moved = false;

  constructor(nowMs: number, patience: StallPatience = { stallMs: STALL_MS, firstPictureMs: FIRST_PICTURE_MS }) {
    this.#movedAtMs = nowMs;
    this.#patience = patience;
  }

  /** Whether any picture was played since this watch began. */
  get moved(): boolean {
    return this.#moved;
  }

  /** For how long the picture stands still. */
  sample(sample: StallSample): number {
    const moved = sample.progress !== this.#progress && sample.progress > 0;
    this.#progress = sample.progress;
    if (moved) this.#moved = true;
    if (moved || !sample.shouldMove) this.#movedAtMs = sample.nowMs;
    return sample.nowMs - this.#movedAtMs;
  }

  /**
   * `stallsBefore` is how many reconnects in a row did not help: then the publisher is silent rather than our
   * connection dead, and reconnecting would only show the same last seconds again and again.
   */
  isStalled(stuckMs: number, stallsBefore = 0): boolean {
    const { stallMs, firstPictureMs } = this.#patience;
    return stuckMs >= (this.#moved ? stallMs : firstPictureMs) * 2 ** Math.min(stallsBefore, MAX_PATIENCE);
  }
}
