/** About 4 s of 30 frames a second. */
const STEPS = 128;
/** Fewer say nothing of a rate. */
const MIN_STEPS = 24;
/** Stamps are whole ms, so an even 60 frames a second comes as 16 and 17. */
const ROUNDING_MS = 3;
/** Of the usual step, how far a step may be from it, or from a multiple of it. */
const TOLERANCE = 0.25;
/** Steps above it are pauses of the publisher, not its rate. */
const MAX_STEP_MS = 2000;

/** The distances in time between the last frames. A push costs a store; what they say is worked out when it is asked. */
export class FrameSteps {
  readonly #steps = new Float64Array(STEPS);
  readonly #sorted = new Float64Array(STEPS);
  #count = 0;

  push(stepMs: number): void {
    this.#steps[this.#count++ % STEPS] = stepMs;
  }

  /**
   * `fps` over the last frames; `irregular`: share of the steps that are neither the usual one nor a multiple of it, as
   * the steps over left out frames are. Undefined with too few frames.
   */
  summary(): { fps: number; irregular: number } | undefined {
    const count = Math.min(this.#count, STEPS);
    if (count < MIN_STEPS) return undefined;
    const sorted = this.#sorted.subarray(0, count);
    sorted.set(this.#steps.subarray(0, count));
    sorted.sort();
    const usualMs = sorted[count >> 1] ?? 0;
    if (usualMs === 0) return { fps: 0, irregular: 1 }; // most frames have the time of the one before
    let sumMs = 0;
    let irregular = 0;
    for (const stepMs of sorted) {
      sumMs += stepMs;
      const nearestMs = Math.max(1, Math.round(stepMs / usualMs)) * usualMs;
      if (stepMs < MAX_STEP_MS && Math.abs(stepMs - nearestMs) > Math.max(ROUNDING_MS, usualMs * TOLERANCE))
        irregular++;
    }
    return { fps: (1000 * count) / sumMs, irregular: irregular / count };
  }
}
