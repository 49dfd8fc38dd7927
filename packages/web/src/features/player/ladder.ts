import type { Rung, TransportId } from './transports.ts';

/** Attempts of a rung that has played: what broke it, a restarted server say, is mostly over soon. */
const ATTEMPTS_AFTER_PLAYING = 3;

/**
 * Which rung the next connection takes. A rung that has played before is kept through drops; one that keeps failing
 * gives way to the next, and after the last comes the first again, because networks change.
 */
export class Ladder {
  #rungs: readonly Rung[];
  #index = 0;
  #failures = 0;
  #hasPlayed = false;

  /** `from` is where to begin, when that way is among them. */
  constructor(rungs: readonly Rung[], from?: TransportId) {
    this.#rungs = rungs;
    this.#index = Math.max(
      0,
      rungs.findIndex(({ transport }) => transport.id === from),
    );
  }

  get current(): Rung | undefined {
    return this.#rungs[this.#index];
  }

  succeeded(): void {
    this.#failures = 0;
    this.#hasPlayed = true;
  }

  /** True when it leads to a lower rung, which nobody has to wait for. */
  failed(): boolean {
    const attempts = this.current?.attempts ?? 1;
    this.#failures += 1;
    if (this.#failures < (this.#hasPlayed ? Math.max(attempts, ATTEMPTS_AFTER_PLAYING) : attempts)) return false;
    this.#moveTo((this.#index + 1) % Math.max(1, this.#rungs.length));
    return this.#index > 0;
  }

  /** The decoder of this rung cannot play the stream: its rungs are left for good. False when none remains. */
  undecodable(): boolean {
    const decoder = this.current?.transport.decoder;
    const above = this.#rungs.slice(0, this.#index);
    this.#rungs = this.#rungs.filter(({ transport }) => transport.decoder !== decoder);
    const next = above.filter(({ transport }) => transport.decoder !== decoder).length;
    this.#moveTo(next < this.#rungs.length ? next : 0);
    return this.#rungs.length > 0;
  }

  #moveTo(index: number): void {
    this.#index = index;
    this.#failures = 0;
    this.#hasPlayed = false;
  }
}
