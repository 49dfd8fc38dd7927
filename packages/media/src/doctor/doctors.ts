import type { StreamCompanion } from '../hub/companion.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import type { MediaOptions } from '../options.ts';
import type { StreamFinding } from './finding.ts';
import type { DoctorLimits } from './rules.ts';
import { StreamDoctor } from './stream-doctor.ts';

/** One doctor for each stream that this worker owns. */
export class Doctors implements StreamCompanion {
  #enabled: boolean;
  #limits: DoctorLimits;
  #doctors = new Map<StreamKey, { doctor: StreamDoctor; untap: () => void }>();

  constructor({ doctor, rtc, limits }: Pick<MediaOptions, 'doctor' | 'rtc' | 'limits'>) {
    this.#enabled = doctor.enabled;
    this.#limits = {
      webrtc: rtc.enabled ? rtc.bframes : 'off',
      highBitrateBps: doctor.highBitrateBps,
      maxBitrateBps: limits.publishBitrateBps,
    };
  }

  own(stream: Stream): void {
    if (!this.#enabled) return;
    const doctor = new StreamDoctor({
      limits: this.#limits,
      now: steadyNowMs,
      timeRepairs: () => stream.timeRepairs,
    });
    this.#doctors.set(stream.key, { doctor, untap: stream.tap(doctor) });
  }

  /** To be called once a second for each stream. */
  examine(key: StreamKey): StreamFinding[] {
    return this.#doctors.get(key)?.doctor.examine() ?? [];
  }

  /** As of the last `examine`; undefined while it is not known, and where no doctor looks. */
  keyIntervalMs(key: StreamKey): number | undefined {
    return this.#doctors.get(key)?.doctor.keyIntervalMs;
  }

  ended(key: StreamKey): void {
    this.#doctors.get(key)?.untap();
    this.#doctors.delete(key);
  }

  close(): Promise<void> {
    for (const key of [...this.#doctors.keys()]) this.ended(key);
    return Promise.resolve();
  }
}

/** ms since the epoch by a clock that nobody sets. */
function steadyNowMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
}
