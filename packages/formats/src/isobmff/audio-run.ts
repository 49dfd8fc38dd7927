import { FormatError } from '../bytes/format-error.ts';
import { opusPacketSamples } from '../codecs/opus/packet.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import type { SampleRun } from './fragment.ts';
import { samplePayload } from './sample-payload.ts';
import type { Mp4Track } from './track.ts';

/** RFC 6716, 2.1.4: 20 ms, what nearly every encoder makes; for a packet that does not say. */
const OPUS_USUAL_SAMPLES = 960;
/** A sample lasts at least a tick, so that no two begin at once. */
const SHORTEST_TICKS = 1;

/**
 * Audio frames that wait to be cut, laid out by their own sample counts: stamps of whole milliseconds are as good as a
 * guess of where a frame of 23.22 ms begins. The count follows the stamps all the same: where one is more than half a
 * frame away, the frame before is stretched or shrunk to it.
 */
export class AudioRun {
  readonly #timescale: number;
  readonly #frameSamples: number | undefined;
  #payloads: Uint8Array[] = [];
  #durations: number[] = [];
  #bytes = 0;
  /** Where the first and the last collected frame begin. */
  #startTicks = 0;
  #lastTicks = 0;
  /** Where the next frame begins when it goes on; undefined before the first one. */
  #nextTicks: number | undefined;

  constructor({ timescale, frameSamples }: Mp4Track) {
    this.#timescale = timescale;
    this.#frameSamples = frameSamples;
  }

  get startMs(): number | undefined {
    return this.#payloads.length === 0 ? undefined : this.#ms(this.#startTicks);
  }

  get durationMs(): number {
    return this.#payloads.length === 0 ? 0 : this.#ms((this.#nextTicks ?? 0) - this.#startTicks);
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(packet: MediaPacket): void {
    const payload = samplePayload(packet);
    if (payload.length === 0) return;
    const samples = this.#frameSamples ?? opusSamples(payload);
    const ticks = this.#place(Math.round((packet.dtsMs * this.#timescale) / 1000), samples);
    if (this.#payloads.length === 0) this.#startTicks = ticks;
    this.#payloads.push(payload);
    this.#durations.push(samples);
    this.#bytes += payload.length;
    this.#lastTicks = ticks;
    this.#nextTicks = ticks + samples;
  }

  /** Where a frame with this stamp begins. */
  #place(stampTicks: number, samples: number): number {
    const nextTicks = this.#nextTicks;
    if (nextTicks === undefined) return Math.max(stampTicks, 0);
    if (Math.abs(stampTicks - nextTicks) <= samples / 2) return nextTicks;
    const last = this.#durations.length - 1;
    // What was cut is out of reach: a frame stamped before its end begins there.
    if (last < 0) return Math.max(stampTicks, nextTicks);
    const ticks = Math.max(stampTicks, this.#lastTicks + SHORTEST_TICKS);
    this.#durations[last] = ticks - this.#lastTicks;
    return ticks;
  }

  /** All frames, which are gone from here then. */
  take(): { run: SampleRun; startMs: number; durationMs: number } | undefined {
    const { startMs, durationMs } = this;
    if (startMs === undefined) return undefined;
    const run: SampleRun = {
      kind: 'audio',
      startTicks: this.#startTicks,
      payloads: this.#payloads,
      durations: this.#durations,
    };
    this.#payloads = [];
    this.#durations = [];
    this.#bytes = 0;
    return { run, startMs, durationMs };
  }

  #ms(ticks: number): number {
    return (ticks * 1000) / this.#timescale;
  }
}

/** A packet that contradicts its own specification is passed on as the publisher sent it; only its length is a guess. */
function opusSamples(packet: Uint8Array): number {
  try {
    return opusPacketSamples(packet);
  } catch (error) {
    if (error instanceof FormatError) return OPUS_USUAL_SAMPLES;
    throw error;
  }
}
