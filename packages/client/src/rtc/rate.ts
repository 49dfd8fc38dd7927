/** How fast a counter rises, per second, between one look and the next. */
export class Rate {
  #value: number | undefined;
  #atMs = 0;

  /** 0 at the first look, and when the counter began anew. */
  perSecond(value: number, nowMs: number): number {
    const [before, elapsedMs] = [this.#value, nowMs - this.#atMs];
    this.#value = value;
    this.#atMs = nowMs;
    return before === undefined || value < before || elapsedMs <= 0 ? 0 : ((value - before) * 1000) / elapsedMs;
  }
}
