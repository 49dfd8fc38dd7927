import type { MediaPacket } from '../flv/media-packet.ts';
import { AudioRun } from './audio-run.ts';
import { encodeFragment } from './fragment.ts';
import { encodeInitSegment } from './init-segment.ts';
import { isSample } from './sample-payload.ts';
import type { Mp4Track } from './track.ts';
import { VideoRun } from './video-run.ts';

/** A part of HLS, or a piece of a recording. */
export interface Fragment {
  /** `moof` and `mdat`. */
  bytes: Uint8Array;
  /** Decode time of its first video frame; without video, of its first audio frame. */
  startMs: number;
  /** Exact, of the video when there is some in it. */
  durationMs: number;
  /** Begins with a key frame, or has no video. */
  independent: boolean;
}

/**
 * Packets of one configuration in, fragments of one movie out. Video times are the packets' own; audio is laid out by
 * `AudioRun`. What is collected is bounded by who cuts: see `bytes`.
 */
export class Fragmenter {
  /** `ftyp` and `moov`: what a player needs before the first fragment. */
  readonly init: Uint8Array;
  readonly #video: VideoRun | undefined;
  readonly #audio: AudioRun | undefined;
  #sequence: number;

  constructor({ video, audio, firstSequence = 1 }: { video?: Mp4Track; audio?: Mp4Track; firstSequence?: number }) {
    this.init = encodeInitSegment({ video, audio });
    this.#video = video && new VideoRun();
    this.#audio = audio && new AudioRun(audio);
    this.#sequence = firstSequence;
  }

  /** Of what is collected and not yet cut: of the video when there is some. */
  get startMs(): number | undefined {
    return this.#video?.startMs ?? this.#audio?.startMs;
  }

  /** Payload that is collected and not yet cut. */
  get bytes(): number {
    return (this.#video?.bytes ?? 0) + (this.#audio?.bytes ?? 0);
  }

  /**
   * One packet, in stream time (no 32-bit wrap), by its track in order. Configuration, metadata, commands, data, and
   * packets of a track that is not there are passed over. Payloads are kept as views until they are cut.
   */
  push(packet: MediaPacket): void {
    if (!isSample(packet)) return;
    if (packet.kind === 'audio') this.#audio?.push(packet);
    else this.#video?.push(packet);
  }

  /** Of what a cut would hold; `beforeMs`: the next frame's decode time, which completes the last one. */
  durationMs(beforeMs?: number): number {
    return this.#video?.durationMs(beforeMs) ?? this.#audio?.durationMs ?? 0;
  }

  /**
   * Everything that is complete: audio, and video frames up to the last one, whose end is not known yet; with
   * `beforeMs` that one too, ending there. Undefined when nothing is.
   */
  cut(beforeMs?: number): Fragment | undefined {
    const video = this.#video?.take(beforeMs);
    const audio = this.#audio?.take();
    const leading = video ?? audio;
    if (leading === undefined) return undefined;
    const runs = [video, audio].flatMap((taken) => (taken === undefined ? [] : [taken.run]));
    const bytes = encodeFragment(this.#sequence, runs);
    this.#sequence = (this.#sequence + 1) >>> 0;
    const { startMs, durationMs } = leading;
    return { bytes, startMs, durationMs, independent: video === undefined || video.run.keys?.[0] === true };
  }
}
