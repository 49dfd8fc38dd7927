import type { MediaPacket } from '@kaibo/formats';
import { announcedFrameRate } from '../hub/metadata.ts';
import type { PacketTap } from '../hub/subscriber.ts';
import type { StreamFinding } from './finding.ts';
import { Hysteresis } from './hysteresis.ts';
import { type DoctorLimits, RULES, type Verdict } from './rules.ts';
import { VitalSigns } from './vitals.ts';

export interface StreamDoctorOptions {
  limits: DoctorLimits;
  /** ms since the epoch, never set back: arrivals are told by it. */
  now: () => number;
  /** How often the hub had to put the publisher's times right, since the stream began. */
  timeRepairs: () => number;
}

/** A stream with its present publisher. Of each rule: what it comes to, and its last value. */
interface Patient {
  vitals: VitalSigns;
  states: Hysteresis[];
  values: (number | undefined)[];
  repairs: number;
  keyIntervalMs?: number;
}

/** Looks at how one stream arrives, and says what its publisher should change. It begins anew with each publisher. */
export class StreamDoctor implements PacketTap {
  readonly #options: StreamDoctorOptions;
  #announcedFps: number | undefined;
  #patient: Patient | undefined;

  constructor(options: StreamDoctorOptions) {
    this.#options = options;
  }

  published({ bridged }: { bridged: boolean }): void {
    const { now, timeRepairs } = this.#options;
    this.#patient = {
      vitals: new VitalSigns({ nowMs: now(), bridged, announcedFps: this.#announcedFps }),
      states: RULES.map((rule) => new Hysteresis(rule)),
      values: RULES.map(() => undefined),
      repairs: timeRepairs(),
    };
  }

  packet(packet: MediaPacket): void {
    if (packet.metadata) this.#announce(packet);
    else if (!packet.config && !packet.end) this.#patient?.vitals.packet(packet, this.#options.now());
  }

  interrupted(): void {
    this.#patient = undefined;
  }

  ended(): void {
    this.#patient = undefined;
  }

  /** Between the last two key frames, or since the last one when that is longer, as of the last `examine`. */
  get keyIntervalMs(): number | undefined {
    return this.#patient?.keyIntervalMs;
  }

  /** To be called once a second. Nothing is found of a stream that nobody publishes. */
  examine(): StreamFinding[] {
    if (!this.#patient) return [];
    const { vitals, states, values } = this.#patient;
    const { now, limits, timeRepairs } = this.#options;
    const nowMs = now();
    const repairs = timeRepairs();
    const measured = vitals.examine(nowMs, Math.max(0, repairs - this.#patient.repairs));
    this.#patient.repairs = repairs;
    this.#patient.keyIntervalMs = measured.keyIntervalMs;
    return RULES.flatMap(({ code, judge }, index) => {
      const verdict: Verdict | undefined = judge(measured, limits);
      states[index]?.judge(verdict?.severity, nowMs);
      const shown = states[index]?.shown;
      // What is well again is told for a while yet, as it was last.
      values[index] = verdict?.value ?? values[index];
      return shown ? [{ code, ...shown, value: values[index] }] : [];
    });
  }

  /** The newest metadata holds for the publishers that come after, too: what did not change is not repeated. */
  #announce(packet: MediaPacket): void {
    if (packet.kind !== 'data') return;
    this.#announcedFps = announcedFrameRate(packet);
    if (this.#patient) this.#patient.vitals.announcedFps = this.#announcedFps;
  }
}
