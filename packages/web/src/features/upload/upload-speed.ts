/** What is looked back on: long enough to be steady, short enough to follow the line. */
const WINDOW_MS = 8_000;
/** Before this much was seen there is nothing to say. */
const LEAST_MS = 1_000;
const MOST_SAMPLES = 200;

/** How fast something comes along, of the last seconds. */
export class UploadSpeed {
  #samples: { atMs: number; bytes: number }[] = [];

  /** So many bytes in all, now. Fewer than before is a new beginning. */
  note(bytes: number, atMs: number): void {
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.reset();
    this.#samples.push({ atMs, bytes });
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS).slice(-MOST_SAMPLES);
  }

  /** After a pause, which says nothing of the line. */
  reset(): void {
    this.#samples = [];
  }

  /** null before it can be told. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }
}
