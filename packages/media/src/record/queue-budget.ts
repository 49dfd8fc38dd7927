/** Bytes that wait for the disk in all recordings of one thread together. */
export class QueueBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when there is no room for them; then they are not counted. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Half of it is free. */
  get hasRoom(): boolean {
    return this.#bytes <= this.#maxBytes / 2;
  }
}
