import type { HlsWindow, PlaylistPlace, WindowChange } from './window.ts';

/**
 * - `ready`: the playlist has come that far.
 * - `unchanged`: it took too long, or the publisher is away: the playlist as it is.
 */
export type HoldEnd = 'ready' | 'unchanged';

interface Hold {
  place: PlaylistPlace;
  untilMs: number;
  end: (why: HoldEnd) => void;
}

/** Counts the requests that one worker holds, for all its streams. */
export class HoldCount {
  held = 0;
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

/** Requests that wait for a place in one stream's playlist. All that wait for it are answered in one step. */
export class HeldRequests {
  readonly #count: HoldCount;
  readonly #maxHeld: number;
  readonly #window: HlsWindow;
  readonly #holds = new Set<Hold>();

  constructor({ window, count, maxHeld }: { window: HlsWindow; count: HoldCount; maxHeld: number }) {
    this.#window = window;
    this.#count = count;
    this.#maxHeld = maxHeld;
    window.onChange((changes) => this.#changed(changes));
  }

  /**
   * Calls `end` once, later. Returns how to leave, by which `end` is not called; undefined: there are too many.
   */
  hold(place: PlaylistPlace, untilMs: number, end: (why: HoldEnd) => void): (() => void) | undefined {
    if (this.#count.held >= this.#count.max || this.#holds.size >= this.#maxHeld) return undefined;
    const hold: Hold = { place, untilMs, end };
    this.#holds.add(hold);
    this.#count.held++;
    return () => {
      if (this.#holds.delete(hold)) this.#count.held--;
    };
  }

  get size(): number {
    return this.#holds.size;
  }

  /** Ends what has waited too long; a few times a second. */
  sweep(nowMs: number): void {
    if (this.#holds.size > 0) this.#end(({ untilMs }) => (nowMs >= untilMs ? 'unchanged' : undefined));
  }

  /** Nothing comes any more. */
  close(): void {
    this.#end(() => 'unchanged');
  }

  #changed(changes: readonly WindowChange[]): void {
    if (this.#holds.size === 0) return;
    const window = this.#window;
    const hasStopped = changes.some(({ type }) => type === 'state') && window.state === 'interrupted';
    if (window.state === 'ended') this.#end(() => 'ready');
    else if (hasStopped) this.#end(({ place }) => (window.has(place) ? 'ready' : 'unchanged'));
    else this.#end(({ place }) => (window.has(place) ? 'ready' : undefined));
  }

  #end(judge: (hold: Hold) => HoldEnd | undefined): void {
    const ended: [Hold, HoldEnd][] = [];
    for (const hold of this.#holds) {
      const why = judge(hold);
      if (why !== undefined) ended.push([hold, why]);
    }
    for (const [hold] of ended) this.#holds.delete(hold);
    this.#count.held -= ended.length;
    for (const [{ end }, why] of ended) end(why);
  }
}
