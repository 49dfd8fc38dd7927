import type { Rung } from './transports.ts';

/** Attempts without a picture that a rung gets before the next one is tried. */
const ATTEMPTS_PER_RUNG = 2;

/**
 * Which rung the next connection takes. A rung that has played before is kept through drops; one that keeps failing
 * gives way to the next, and after the last comes the first again, because networks change.
 */
export class Ladder {
  readonly #rungs: readonly Rung[];
  #index = 0;
  #failures = 0;

  constructor(rungs: readonly Rung[]) {
    this.#rungs = rungs;
  }

  get current(): Rung | undefined {
    return this.#rungs[this.#index];
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures < ATTEMPTS_PER_RUNG) return;
    this.#failures = 0;
    this.#index = (this.#index + 1) % Math.max(1, this.#rungs.length);
  }
}
