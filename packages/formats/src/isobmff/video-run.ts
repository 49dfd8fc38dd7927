import type { MediaPacket } from '../flv/media-packet.ts';
import type { SampleRun } from './fragment.ts';
import { samplePayload } from './sample-payload.ts';
import { VIDEO_TIMESCALE } from './track.ts';

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;
const MAX_DURATION_TICKS = 0xffff_ffff;
const MAX_OFFSET_TICKS = 0x7fff_ffff;
/** A sample lasts at least a tick, so that no two are decoded at once. */
const SHORTEST_TICKS = 1;
/** Sixteen frames, as many as H.264 and H.265 can reorder, at 8 frames a second. More is no reordering. */
const MAX_AHEAD_TICKS = 2 * VIDEO_TIMESCALE;

const ticksOf = (ms: number): number => Math.round(ms * TICKS_PER_MS);

/**
 * Frames that wait to be cut. Each lasts until the next one, and is presented at exactly its own time. It is decoded at
 * its own time too, unless that is not after the frame before, or frames are presented before they are decoded: then all
 * decoding moves that much ahead, as far as there is room. What is left becomes a negative composition offset; not all
 * of it does, because ffmpeg takes such offsets in fragments for a delay of all the video.
 */
export class VideoRun {
  #decodeTicks: number[] = [];
  #offsets: number[] = [];
  #keys: boolean[] = [];
  #payloads: Uint8Array[] = [];
  #bytes = 0;
  /** No frame is decoded before this: a tick after the last one, or where the last cut ended. */
  #floorTicks = 0;
  #aheadTicks = 0;

  /** Of the first frame, complete or not. */
  get startMs(): number | undefined {
    const [first] = this.#decodeTicks;
    return first === undefined ? undefined : first / TICKS_PER_MS;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(packet: MediaPacket): void {
    const payload = samplePayload(packet);
    if (payload.length === 0) return;
    const presentTicks = ticksOf(packet.ptsMs);
    const ownTicks = ticksOf(packet.dtsMs);
    const aheadTicks = ownTicks - presentTicks;
    if (aheadTicks > this.#aheadTicks && aheadTicks <= MAX_AHEAD_TICKS) this.#aheadTicks = aheadTicks;
    const decodeTicks = Math.max(ownTicks - this.#aheadTicks, this.#floorTicks);
    this.#floorTicks = decodeTicks + SHORTEST_TICKS;
    this.#decodeTicks.push(decodeTicks);
    this.#offsets.push(Math.max(-MAX_OFFSET_TICKS, Math.min(presentTicks - decodeTicks, MAX_OFFSET_TICKS)));
    this.#keys.push(packet.keyframe);
    this.#payloads.push(payload);
    this.#bytes += payload.length;
  }

  /** Of the frames that are complete; undefined when none is. */
  durationMs(beforeMs?: number): number | undefined {
    const [first] = this.#decodeTicks;
    if (first === undefined || this.#complete(beforeMs) === 0) return undefined;
    return (this.#endTicks(beforeMs) - first) / TICKS_PER_MS;
  }

  /** The complete frames, which are gone from here then. */
  take(beforeMs?: number): { run: SampleRun; startMs: number; durationMs: number } | undefined {
    const count = this.#complete(beforeMs);
    const [start] = this.#decodeTicks;
    if (count === 0 || start === undefined) return undefined;
    const end = this.#endTicks(beforeMs);
    if (beforeMs !== undefined) this.#floorTicks = end;
    const ticks = this.#decodeTicks.splice(0, count);
    const compositionOffsets = this.#offsets.splice(0, count);
    const payloads = this.#payloads.splice(0, count);
    const keys = this.#keys.splice(0, count);
    for (const payload of payloads) this.#bytes -= payload.length;
    const durations = ticks.map((at, index) => Math.min((ticks[index + 1] ?? end) - at, MAX_DURATION_TICKS));
    const run: SampleRun = { kind: 'video', startTicks: start, payloads, durations, keys };
    if (compositionOffsets.some((offset) => offset !== 0)) run.compositionOffsets = compositionOffsets;
    return { run, startMs: start / TICKS_PER_MS, durationMs: (end - start) / TICKS_PER_MS };
  }

  /** How many frames are: the last one only `beforeMs`. */
  #complete(beforeMs: number | undefined): number {
    return Math.max(this.#decodeTicks.length - (beforeMs === undefined ? 1 : 0), 0);
  }

  /** Where the complete frames end: where the last one begins, or, `beforeMs`, with it. */
  #endTicks(beforeMs: number | undefined): number {
    if (beforeMs === undefined) return this.#decodeTicks.at(-1) ?? 0;
    return Math.max(ticksOf(beforeMs) - this.#aheadTicks, this.#floorTicks);
  }
}
