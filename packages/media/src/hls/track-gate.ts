import { audioTrackOf, FormatError, type MediaPacket, type Mp4Track, videoTrackOf } from '@kaibo/formats';
import { announcedTracks } from '../hub/metadata.ts';

/** A track that is announced, or usual, is waited for this long; then the others begin without it. */
export const TRACK_WAIT_MS = 1000;
/** Held meanwhile; a GOP cache may come in one go. Past it whatever is there begins. */
const MAX_HELD_PACKETS = 8000;
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** What MP4 needs to know before the first frame, and the frames that came until it was known. */
export interface Opening {
  video?: Mp4Track;
  audio?: Mp4Track;
  /** What they were read from. */
  configs: { video?: MediaPacket; audio?: MediaPacket };
  /** In order of time, from the first key frame on where there is video. */
  packets: MediaPacket[];
}

export interface TrackGateDeps {
  open(opening: Opening): void;
  /** A codec that MP4 does not carry, or a configuration that cannot be read: told once each. */
  unsupported(codec: string, why: string): void;
}

/**
 * Holds packets until it is clear which tracks there are, for an initialization segment says it once for all that follows.
 * A track counts when a frame of it has come: players wait for ever for one that is only announced.
 */
export class TrackGate {
  /** How long from the first frame on tracks are waited for. */
  waitMs = TRACK_WAIT_MS;
  readonly #deps: TrackGateDeps;
  #tracks: { video?: Mp4Track; audio?: Mp4Track } = {};
  #configs: Opening['configs'] = {};
  #refused = new Set<string>();
  #announced = { video: true, audio: true };
  #expected = this.#announced;
  #held: MediaPacket[] = [];
  #heldBytes = 0;
  #hasKeyframe = false;
  #timer: NodeJS.Timeout | undefined;
  #late = false;
  #closed = false;

  constructor(deps: TrackGateDeps) {
    this.#deps = deps;
  }

  /** Whether the track could be packaged if frames of it came. */
  knows(kind: 'video' | 'audio'): boolean {
    return this.#tracks[kind] !== undefined;
  }

  /** Begins to hold again, with the configurations that are known. `gone`: a track that is not waited for. */
  shut(gone?: 'audio' | 'video'): void {
    this.#closed = false;
    this.#expected = gone === undefined ? this.#announced : { ...this.#announced, [gone]: false };
    this.#late = false;
    this.#forget();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ends its timer. */
  close(): void {
    this.shut();
    this.#closed = true;
  }

  metadata(packet: MediaPacket): void {
    const announced = announcedTracks(packet);
    if (announced) this.#expected = this.#announced = { video: announced.hasVideo, audio: announced.hasAudio };
  }

  /** Takes note of a configuration. False when it changes nothing of what is packaged. */
  configure(packet: MediaPacket): boolean {
    const { kind } = packet;
    if (kind === 'data') return false;
    const track = this.#read(packet);
    const known = this.#tracks[kind];
    if (known && track && isSame(known, track)) return false;
    this.#tracks[kind] = track;
    this.#configs[kind] = packet;
    return known !== undefined || track !== undefined;
  }

  hold(packet: MediaPacket): void {
    if (this.#closed || packet.kind === 'data') return;
    // Old codecs (MP3) have no configuration: any frame says what there is.
    if (packet.kind === 'audio' && !this.#tracks.audio) this.#tracks.audio = this.#read(packet);
    if (!this.#tracks[packet.kind]) return;
    if (packet.kind === 'video') {
      if (!this.#hasKeyframe && !packet.keyframe) return;
      this.#hasKeyframe = true;
    } else if (this.#tracks.video && this.#expected.video && !this.#hasKeyframe && this.#late) return;
    this.#held.push(packet);
    this.#heldBytes += packet.payload.length;
    this.#timer ??= setTimeout(() => this.#becomeLate(), this.waitMs).unref();
    this.#check();
  }

  #becomeLate(): void {
    this.#late = true;
    this.#check();
  }

  #check(): void {
    if (this.#held.length === 0) return;
    if (this.#held.length > MAX_HELD_PACKETS || this.#heldBytes > MAX_HELD_BYTES) this.#late = true;
    const seen = { video: this.#hasKeyframe, audio: this.#held.some(({ kind }) => kind === 'audio') };
    const isMissing = (kind: 'video' | 'audio'): boolean => {
      if (seen[kind]) return false;
      // Pictures whose configuration is known come: their next key frame is worth waiting for.
      if (this.#late) return kind === 'video' && this.#tracks.video !== undefined && this.#expected.video;
      return this.#expected[kind] && !this.#refused.has(kind);
    };
    if (isMissing('video') || isMissing('audio')) {
      if (this.#late && !seen.video) this.#forget();
      return;
    }
    this.#open(seen);
  }

  #open(seen: { video: boolean; audio: boolean }): void {
    const firstVideo = this.#held.find(({ kind }) => kind === 'video');
    const startMs = firstVideo?.dtsMs ?? -Infinity;
    const opening: Opening = {
      video: seen.video ? this.#tracks.video : undefined,
      audio: seen.audio ? this.#tracks.audio : undefined,
      configs: {
        video: seen.video ? this.#configs.video : undefined,
        audio: seen.audio ? this.#configs.audio : undefined,
      },
      packets: this.#held.filter(({ dtsMs }) => dtsMs >= startMs).toSorted((a, b) => a.dtsMs - b.dtsMs),
    };
    this.shut();
    this.#deps.open(opening);
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#hasKeyframe = false;
  }

  #read(packet: MediaPacket): Mp4Track | undefined {
    const { kind, codec } = packet;
    try {
      const track = kind === 'video' ? videoTrackOf(packet) : audioTrackOf(packet);
      this.#refused.delete(kind);
      return track;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      // A frame that came before its configuration says nothing against the codec.
      if (packet.config && !this.#refused.has(kind)) {
        this.#refused.add(kind);
        this.#deps.unsupported(codec, error.message);
      }
      return undefined;
    }
  }
}

function isSame(a: Mp4Track, b: Mp4Track): boolean {
  return (
    a.codecString === b.codecString && a.timescale === b.timescale && Buffer.compare(a.sampleEntry, b.sampleEntry) === 0
  );
}
