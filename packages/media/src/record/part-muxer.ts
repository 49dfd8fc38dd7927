import { Fragmenter, type MediaPacket, type Mp4Track } from '@kaibo/formats';
import { encodeWallClock } from './wall-clock.ts';

/** A fragment is about this long: what is in memory when the process is killed is lost. */
export const FRAGMENT_MS = 1000;
/** One that begins with a key frame ends at the next one only after this, for streams of nothing but key frames. */
const SHORTEST_MS = 500;
/** Pictures that stay away hold up the sound no longer than this. */
const LATEST_MS = 1500;
/** A fragment ends at once above it. */
const LARGEST_BYTES = 8 * 1024 * 1024;
/** As the Fragmenter numbers them. */
const VIDEO_TRACK = 1;
const AUDIO_TRACK = 2;

/** What one file begins with. */
export interface PartTracks {
  video?: Mp4Track;
  audio?: Mp4Track;
}

/** A piece of a file that plays as soon as it is written. */
export interface PartFragment {
  /** `prft`, then `moof` and `mdat`. */
  bytes: Uint8Array[];
  /** In the file's own time: where the file ends with it, of the video where there is one. */
  endMs: number;
}

/**
 * Packets of one file in stream time in, fragments out, in the file's own time, which begins at 0 with its first frame:
 * each file then plays by itself. Fragments end before key frames, and about every second inside long GOPs.
 */
export class PartMuxer {
  readonly init: Uint8Array;
  readonly tracks: PartTracks;
  /** Stream time of the beginning. */
  readonly startMs: number;
  /** Wall clock at the beginning. */
  readonly epochMs: number;
  readonly #fragmenter: Fragmenter;
  #beginsWithKey = false;
  #collectsVideo = false;
  #lastVideoMs: number | undefined;
  #frameMs = 40;
  #endMs = 0;

  constructor({ tracks, startMs, epochMs }: { tracks: PartTracks; startMs: number; epochMs: number }) {
    this.tracks = tracks;
    this.startMs = startMs;
    this.epochMs = epochMs;
    this.#fragmenter = new Fragmenter(tracks);
    this.init = this.#fragmenter.init;
  }

  /** What was complete before this packet, when it is time. @throws FormatError for a frame that cannot be read */
  push(packet: MediaPacket): PartFragment | undefined {
    const placed = { ...packet, dtsMs: packet.dtsMs - this.startMs, ptsMs: packet.ptsMs - this.startMs };
    if (placed.dtsMs < 0) return undefined; // sound from before the first picture
    const fragment = this.#isDue(placed) ? this.#cut(placed.kind === 'video' ? placed.dtsMs : undefined) : undefined;
    if (placed.kind === 'video') this.#meetVideo(placed);
    this.#fragmenter.push(placed);
    return fragment;
  }

  /** What is complete, when nothing more comes for a while. */
  flush(): PartFragment | undefined {
    return this.#cut(undefined);
  }

  /** The rest. `endMs`, in stream time: where the next file begins; without it the last picture is as long as the one before. */
  finish(endMs?: number): PartFragment | undefined {
    const guessMs = (this.#lastVideoMs ?? 0) + this.#frameMs;
    return this.#cut(endMs === undefined ? guessMs : Math.max(endMs - this.startMs, this.#lastVideoMs ?? 0));
  }

  #isDue({ kind, keyframe, dtsMs }: MediaPacket): boolean {
    const fragmenter = this.#fragmenter;
    if (fragmenter.startMs === undefined) return false;
    if (fragmenter.bytes >= LARGEST_BYTES) return true;
    if (kind === 'audio') return fragmenter.durationMs() >= (this.tracks.video ? LATEST_MS : FRAGMENT_MS);
    if (!this.#collectsVideo) return false;
    const lengthMs = fragmenter.durationMs(dtsMs);
    return keyframe ? lengthMs >= SHORTEST_MS || !this.#beginsWithKey : lengthMs >= FRAGMENT_MS;
  }

  #meetVideo({ keyframe, dtsMs }: MediaPacket): void {
    if (!this.#collectsVideo) this.#beginsWithKey = keyframe;
    this.#collectsVideo = true;
    const stepMs = dtsMs - (this.#lastVideoMs ?? dtsMs);
    if (stepMs > 0 && stepMs <= FRAGMENT_MS) this.#frameMs = stepMs;
    this.#lastVideoMs = Math.max(dtsMs, this.#lastVideoMs ?? 0);
  }

  #cut(beforeMs: number | undefined): PartFragment | undefined {
    const fragment = this.#fragmenter.cut(beforeMs);
    if (this.#collectsVideo) {
      this.#endMs = Math.max(this.#endMs, beforeMs ?? 0, this.#lastVideoMs ?? 0);
      // Without an end the last frame is not complete, and stays.
      this.#collectsVideo = beforeMs === undefined;
      this.#beginsWithKey = false;
    } else if (fragment && !this.tracks.video) {
      this.#endMs = fragment.startMs + fragment.durationMs;
    }
    return fragment && { bytes: [this.#clock(fragment.startMs), fragment.bytes], endMs: this.#endMs };
  }

  #clock(ms: number): Uint8Array {
    const { video, audio } = this.tracks;
    const timescale = (video ?? audio)?.timescale ?? 1000;
    const ticks = Math.round((ms * timescale) / 1000);
    return encodeWallClock({ trackId: video ? VIDEO_TRACK : AUDIO_TRACK, epochMs: this.epochMs + ms, ticks });
  }
}
