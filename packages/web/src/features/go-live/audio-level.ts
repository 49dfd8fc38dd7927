/** What the meter's left end is; a quiet room is about there. */
const FLOOR_DB = -60;
/** A voice that is heard well stays above. */
const SILENT_DB = -50;
/** Falls this much in a second, so that the eye can follow; it rises at once. */
const FALL_PER_SECOND = 1.2;
const PEAK_HOLD_MS = 1_200;

/** Loudness of samples from -1 to 1, in decibels below full scale; `-Infinity` for silence. */
export function decibelsOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / Math.max(1, samples.length));
}

/** From 0 at the meter's floor to 1 at full scale. */
export function levelOf(decibels: number): number {
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}

/** The moving hand of a level meter. */
export class AudioLevel {
  #level = 0;
  #peak = 0;
  #peakAtMs = 0;
  #atMs: number | null = null;
  #heardAtMs: number | null = null;

  /** 0 to 1. */
  get level(): number {
    return this.#level;
  }

  /** The loudest of the last moment, 0 to 1. */
  get peak(): number {
    return this.#peak;
  }

  update(samples: Float32Array, nowMs: number): void {
    const decibels = decibelsOf(samples);
    const fallen = (FALL_PER_SECOND * (nowMs - (this.#atMs ?? nowMs))) / 1000;
    this.#atMs = nowMs;
    this.#level = Math.max(levelOf(decibels), this.#level - fallen);
    if (this.#level >= this.#peak || nowMs - this.#peakAtMs > PEAK_HOLD_MS) {
      [this.#peak, this.#peakAtMs] = [this.#level, nowMs];
    }
    if (this.#heardAtMs === null || decibels > SILENT_DB) this.#heardAtMs = nowMs;
  }

  /** For how long nothing was to be heard. */
  silentMs(nowMs: number): number {
    return this.#heardAtMs === null ? 0 : nowMs - this.#heardAtMs;
  }
}
