import type { MediaPacket } from '../flv/media-packet.ts';
import type { SampleRun } from './fragment.ts';
import { samplePayload } from './sample-payload.ts';
import { VIDEO_TIMESCALE } from './track.ts';

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;
const MAX_DURATION_TICKS = 0xffff_ffff;
const MAX_OFFSET_TICKS = 0x7fff_ffff;

const ticksOf = (ms: number): number => Math.round(ms * TICKS_PER_MS);

/** Frames that wait to be cut. Each lasts until the next one; decode times never go back. */
export class VideoRun {
  #dtsMs: number[] = [];
  #offsets: number[] = [];
  #keys: boolean[] = [];
  #payloads: Uint8Array[] = [];
  #bytes = 0;
  /** No frame decodes before this: the last one's time, or where the last cut ended. */
  #floorMs = Number.NEGATIVE_INFINITY;

  get startMs(): number | undefined {
    return this.#dtsMs[0];
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(packet: MediaPacket): void {
    const payload = samplePayload(packet);
    if (payload.length === 0) return;
    const dtsMs = Math.max(packet.dtsMs, this.#floorMs);
    this.#floorMs = dtsMs;
    this.#dtsMs.push(dtsMs);
    const offset = ticksOf(packet.ptsMs) - ticksOf(dtsMs);
    this.#offsets.push(Math.max(-MAX_OFFSET_TICKS, Math.min(offset, MAX_OFFSET_TICKS)));
    this.#keys.push(packet.keyframe);
    this.#payloads.push(payload);
    this.#bytes += payload.length;
  }

  /** Of the frames that are complete; undefined when none is. */
  durationMs(beforeMs?: number): number | undefined {
    const [firstMs] = this.#dtsMs;
    return firstMs === undefined || this.#complete(beforeMs) === 0 ? undefined : this.#endMs(beforeMs) - firstMs;
  }

  /** The complete frames, which are gone from here then. */
  take(beforeMs?: number): { run: SampleRun; startMs: number; durationMs: number } | undefined {
    const count = this.#complete(beforeMs);
    const [startMs] = this.#dtsMs;
    if (count === 0 || startMs === undefined) return undefined;
    const endMs = this.#endMs(beforeMs);
    this.#floorMs = Math.max(this.#floorMs, endMs);
    const dtsMs = this.#dtsMs.splice(0, count);
    const compositionOffsets = this.#offsets.splice(0, count);
    const payloads = this.#payloads.splice(0, count);
    const keys = this.#keys.splice(0, count);
    for (const payload of payloads) this.#bytes -= payload.length;
    const durations = dtsMs.map((ms, index) =>
      Math.min(ticksOf(dtsMs[index + 1] ?? endMs) - ticksOf(ms), MAX_DURATION_TICKS),
    );
    const run: SampleRun = { kind: 'video', startTicks: ticksOf(startMs), payloads, durations, keys };
    if (compositionOffsets.some((offset) => offset !== 0)) run.compositionOffsets = compositionOffsets;
    return { run, startMs, durationMs: endMs - startMs };
  }

  /** How many frames are: the last one only `beforeMs`. */
  #complete(beforeMs: number | undefined): number {
    return Math.max(this.#dtsMs.length - (beforeMs === undefined ? 1 : 0), 0);
  }

  /** Where the complete frames end: at the last frame's own time, or, `beforeMs`, with it. */
  #endMs(beforeMs: number | undefined): number {
    const lastMs = this.#dtsMs.at(-1) ?? 0;
    return beforeMs === undefined ? lastMs : Math.max(beforeMs, lastMs);
  }
}
