/**
 * Every ffmpeg begins here: encoders give out their priming before the first sample, and nothing may become negative,
 * because FLV's muxer would then move everything.
 */
const LEAD_MS = 1000;

/**
 * The time inside one ffmpeg, which begins anew with each: so its 31 bits (FLV's muxer, 24.8 days) and the bounds of
 * containers do not matter to stream time, however large that is.
 */
export class ChildClock {
  #firstMs: number | undefined;

  /** Of the first packet that was asked for; undefined before. */
  get firstMs(): number | undefined {
    return this.#firstMs;
  }

  /** Stream time to ffmpeg's; the first one asked for becomes 1000. */
  toChild(streamMs: number): number {
    this.#firstMs ??= streamMs;
    return streamMs - this.#firstMs + LEAD_MS;
  }

  toStream(childMs: number): number {
    return childMs - LEAD_MS + (this.#firstMs ?? 0);
  }
}
