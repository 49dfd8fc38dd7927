export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** 0 to 1, as Math.random. */
  random(): number;
}

/** Doubling waits between attempts, each moved by up to a quarter, so that many do not come back in one moment. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Waits given since the last `reset`. */
  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    const baseMs = Math.min(firstMs * 2 ** Math.min(this.#attempts++, 30), maxMs);
    return Math.round(baseMs * (0.75 + random() / 2));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
