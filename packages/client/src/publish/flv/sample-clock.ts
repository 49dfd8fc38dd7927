/** Pieces whose time is kept: 5 s of sound. */
const MAX_MARKS = 500;

/**
 * Tells when each encoded frame's first sample was. An encoder cuts sound into other pieces than it was given and
 * counts on where samples were lost; here both are measured in sound since the beginning, and the times come from what
 * went in.
 */
export class SampleClock {
  #marks: { positionUs: number; atMs: number }[] = [];
  #inUs = 0;
  #outUs = 0;

  /** A piece went in whose first sample was at `atMs`. */
  put(durationUs: number, atMs: number): void {
    if (this.#marks.length >= MAX_MARKS) this.#marks.shift();
    this.#marks.push({ positionUs: this.#inUs, atMs });
    this.#inUs += durationUs;
  }

  /** A frame came out: when its first sample was. */
  take(durationUs: number): number {
    const positionUs = this.#outUs;
    this.#outUs += durationUs;
    while ((this.#marks[1]?.positionUs ?? Number.POSITIVE_INFINITY) <= positionUs) this.#marks.shift();
    const mark = this.#marks[0];
    if (mark === undefined) throw new Error('assertion: sound came out before it went in');
    return mark.atMs + (positionUs - mark.positionUs) / 1000;
  }
}
