import type { MediaPacket } from '@kaibo/formats';

/** A step forward in stream time larger than this is the publisher's clock being set, not media. */
export const MAX_FORWARD_JUMP_MS = 10_000;
/** Audio and video may be interleaved this far apart; further back is the publisher's clock being set. */
export const MAX_BACKWARD_JUMP_MS = 3000;
/** A frame this much before the last one of its track went back; less is how muxers round. */
const STEP_BACK_MS = 50;
const DEFAULT_FRAME_MS = 33;
const MAX_FRAME_MS = 100;

/**
 * Turns the timestamps of one publisher after another into one stream time, in ms: 0 at the first packet of a
 * broadcast, never rebased, not decreasing within a track, free of the 32-bit wrap (RTMP 1.0, 5.3.1.3).
 * A new publisher goes on one frame after the last packet, with one offset for audio and video.
 */
export class Timeline {
  #offsetMs: number | undefined;
  #lastRawMs: number | undefined;
  #lastMs: number | undefined;
  #lastByKindMs = { audio: -1, video: -1, data: -1 };
  #frameMs = DEFAULT_FRAME_MS;
  #repairs = 0;

  /** `resumeAfterMs`: the last time a former owner of the stream gave out; the next packet follows it. */
  constructor(resumeAfterMs?: number) {
    this.#lastMs = resumeAfterMs;
    if (resumeAfterMs !== undefined)
      this.#lastByKindMs = { audio: resumeAfterMs, video: resumeAfterMs, data: resumeAfterMs };
  }

  /** The last time given out; undefined before the first packet. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  /** How often a publisher's time leapt or went back and was put right. */
  get repairs(): number {
    return this.#repairs;
  }

  /** The next packet comes from another publisher: its clock tells nothing about the old one's. */
  beginPublisher(): void {
    this.#offsetMs = undefined;
    this.#lastRawMs = undefined;
  }

  /** Rewrites `dtsMs` and `ptsMs` (raw 32-bit values in) of one packet, in place. */
  place(packet: MediaPacket): void {
    const compositionMs = packet.ptsMs - packet.dtsMs;
    const placedMs = isHeader(packet) ? this.#headerMs(packet) : this.#place(packet);
    packet.dtsMs = placedMs;
    packet.ptsMs = placedMs + compositionMs;
  }

  /** onMetaData is at 0 wherever it stands: at any other time ffmpeg's demuxer takes it for a subtitle. */
  #headerMs({ kind }: MediaPacket): number {
    return kind === 'data' ? 0 : (this.#lastMs ?? 0);
  }

  /** Takes note of a packet that is in stream time already, but has been through a 32-bit field. */
  follow(packet: MediaPacket): void {
    if (isHeader(packet)) return;
    const compositionMs = packet.ptsMs - packet.dtsMs;
    const lastMs = this.#lastMs ?? packet.dtsMs;
    const ms = lastMs + ((packet.dtsMs - lastMs) | 0);
    packet.dtsMs = ms;
    packet.ptsMs = ms + compositionMs;
    this.#lastByKindMs[packet.kind] = Math.max(this.#lastByKindMs[packet.kind], ms);
    this.#lastMs = Math.max(lastMs, ms);
  }

  #place(packet: MediaPacket): number {
    const rawMs = this.#unwrap(packet.dtsMs);
    let ms = rawMs + (this.#offsetMs ?? Number.NaN);
    const stepMs = ms - (this.#lastMs ?? ms);
    if (!(stepMs <= MAX_FORWARD_JUMP_MS && stepMs >= -MAX_BACKWARD_JUMP_MS)) {
      if (this.#offsetMs !== undefined) this.#repairs++;
      ms = this.#lastMs === undefined ? 0 : this.#lastMs + this.#frameMs;
      this.#offsetMs = ms - rawMs;
    }
    const lastMs = this.#lastByKindMs[packet.kind];
    if (packet.kind === 'video' && lastMs >= 0) this.#learnFrame(ms - lastMs);
    if (ms < lastMs - STEP_BACK_MS) this.#repairs++;
    ms = Math.max(ms, lastMs, 0);
    this.#lastByKindMs[packet.kind] = ms;
    this.#lastMs = Math.max(this.#lastMs ?? 0, ms);
    return ms;
  }

  #learnFrame(stepMs: number): void {
    if (stepMs > 0 && stepMs <= MAX_FRAME_MS) this.#frameMs = stepMs;
  }

  #unwrap(raw32Ms: number): number {
    if (this.#lastRawMs === undefined) this.#lastRawMs = raw32Ms;
    else this.#lastRawMs += (raw32Ms - this.#lastRawMs) | 0;
    return this.#lastRawMs;
  }
}

/** Configuration and metadata carry whatever timestamp the encoder had at hand: it says nothing about media time. */
function isHeader(packet: MediaPacket): boolean {
  return packet.config || packet.metadata;
}
