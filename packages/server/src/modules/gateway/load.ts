const TICK_MS = 100;
/** Ticks in a row that have to be in time before requests are taken again. */
const CALM_TICKS = 5;

/** Whether this process keeps up, by how late its timer fires. Once too late it counts as overloaded until it was in time for a while. */
export class LoadGuard {
  /** Requests that were refused, counted by the gateway. */
  shed = 0;
  readonly #maxDelayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #tickedAtMs = performance.now();
  #calmTicks = CALM_TICKS;

  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** From the first request on: the work of starting is not load. Idempotent. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.#tickedAtMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get isOverloaded(): boolean {
    if (this.#timer === undefined) return false;
    return this.#calmTicks < CALM_TICKS || this.#delayMs() > this.#maxDelayMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const delayMs = this.#delayMs();
    this.#tickedAtMs = performance.now();
    if (delayMs > this.#maxDelayMs) this.#calmTicks = 0;
    // Half as late is not in time yet, so that the state does not flap at the edge.
    else if (delayMs > this.#maxDelayMs / 2) this.#calmTicks = Math.min(this.#calmTicks, CALM_TICKS - 1);
    else this.#calmTicks = Math.min(CALM_TICKS, this.#calmTicks + 1);
  }

  #delayMs(): number {
    return performance.now() - this.#tickedAtMs - TICK_MS;
  }
}
