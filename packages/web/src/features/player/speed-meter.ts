const INTERVAL_MS = 1_000;
/** Of the newest second; the rest is what was told before. Segments come in gusts. */
const WEIGHT = 0.3;

/** Tells about once a second how fast it comes, of what came in pieces. */
export class SpeedMeter {
  readonly #timer: ReturnType<typeof setInterval>;
  #bytes = 0;
  #bps: number | null = null;

  constructor(tell: (bps: number) => void) {
    this.#timer = setInterval(() => {
      const bps = (this.#bytes * 8 * 1000) / INTERVAL_MS;
      this.#bytes = 0;
      if (this.#bps === null && bps === 0) return;
      this.#bps = this.#bps === null ? bps : this.#bps + WEIGHT * (bps - this.#bps);
      tell(this.#bps);
    }, INTERVAL_MS);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
