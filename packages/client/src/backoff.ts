export interface BackoffOptions {
  minMs: number;
  maxMs: number;
  factor?: number;
  /** 0 to 1, exclusive; `Math.random` by default. */
  random?: () => number;
}

/**
 * Exponential waiting times with equal jitter: attempt `n` waits between one half and the whole of
 * `min(maxMs, minMs · factor^n)`, so that a thousand clients that lost the same server do not come back together.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #factor: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#minMs = options.minMs;
    this.#maxMs = options.maxMs;
    this.#factor = options.factor ?? 2;
    this.#random = options.random ?? Math.random;
  }

  /** How many waits were handed out since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const wholeMs = Math.min(this.#maxMs, this.#minMs * this.#factor ** this.#attempts);
    this.#attempts += 1;
    return Math.round(wholeMs / 2 + (this.#random() * wholeMs) / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
