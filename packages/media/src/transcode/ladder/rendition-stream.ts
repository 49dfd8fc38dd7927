import {
  AmfEcmaArray,
  encodeAmf0,
  FLV_TAG_SCRIPT,
  matroskaCarries,
  type MediaPacket,
  packetFromTag,
  type VideoInfo,
} from '@kaibo/formats';
import type { Stream, StreamFeed } from '../../hub/stream.ts';
import { sizeOf, type TranscodeProfile } from './profile.ts';

/** Sound that waits for pictures goes on without them after this, and never more of it waits. */
const MAX_HELD_MS = 3000;
const MAX_HELD_PACKETS = 2000;
/** FLV specification 10.1, E.4.3.1 and E.4.2.1. */
const FLV_CODEC_AVC = 7;
const FLV_CODEC_AAC = 10;

/** Whether ffmpeg makes the sound of a rendition: of a codec that it is not given, the sound stays as it is. */
export function encodesSound({ audioBps }: TranscodeProfile, audio: MediaPacket): boolean {
  return audioBps !== undefined && matroskaCarries(audio);
}

/**
 * What the viewers of one rendition see: the stream `SOURCE_NAME`, in its source's time and by its wall clock. Pictures,
 * and sound that is encoded, come from ffmpeg; sound that is not comes from the source, and waits for its pictures.
 */
export class RenditionStream {
  readonly profile: TranscodeProfile;
  readonly #source: Stream;
  readonly #target: Stream;
  readonly #undemand: () => void;
  #untapAac: (() => void) | undefined;
  #feed: StreamFeed | undefined;
  #bridged = false;
  #video: VideoInfo | undefined;
  #held: { packet: MediaPacket; atMs: number }[] = [];
  #lastPictureMs = -1;

  constructor({ profile, source, target }: { profile: TranscodeProfile; source: Stream; target: Stream }) {
    this.profile = profile;
    this.#source = source;
    this.#target = target;
    this.#undemand = target.onAacDemand((wanted) => this.#wantAac(wanted && profile.audioBps === undefined));
  }

  /** A publisher of the source begins. Nothing is shown before the first frame: the last one's pictures stay. */
  published({ bridged }: { bridged: boolean }): void {
    this.interrupted();
    this.#bridged = bridged;
  }

  /** The source's pictures from now on; undefined when there are none. */
  describe(video: VideoInfo | undefined): void {
    this.#video = video;
  }

  /** Of the source, configuration included: sound that is passed on as it is. */
  sound(packet: MediaPacket): void {
    if (encodesSound(this.profile, packet)) return;
    if (packet.config) {
      this.#feed?.publish({ ...packet }); // before the first frame, `#begin` takes it from the source's headers
      return;
    }
    if (this.profile.height === undefined) {
      this.#begin().publish({ ...packet });
      return;
    }
    this.#held.push({ packet, atMs: performance.now() });
    this.#release();
  }

  /** What ffmpeg made, in stream time. */
  encoded(packet: MediaPacket): void {
    const feed = this.#begin();
    if (packet.kind === 'video' && !packet.config) {
      this.#lastPictureMs = packet.dtsMs;
      this.#release();
    }
    feed.publish(packet);
  }

  /** The source's publisher has gone; whoever watches waits. */
  interrupted(): void {
    this.#feed?.interrupt();
    this.#feed = undefined;
    this.#held = [];
    this.#lastPictureMs = -1;
  }

  /** Idempotent. The stream itself is ended by the directory. */
  close(): void {
    this.interrupted();
    this.#undemand();
    this.#wantAac(false);
  }

  /** With the first frame, when the source's wall clock is known. */
  #begin(): StreamFeed {
    if (this.#feed !== undefined) return this.#feed;
    const bridged = this.#bridged && this.profile.audioBps === undefined;
    const feed = this.#target.attach({ placed: true, bridged, epochMs: this.#source.epochMs });
    this.#feed = feed;
    feed.publish(this.#metadata());
    for (const header of this.#source.headers.packets)
      if (header.kind === 'audio' && !encodesSound(this.profile, header)) feed.publish({ ...header });
    return feed;
  }

  /** Sound in its place before a picture; and what has waited too long for one, so that ffmpeg's restart costs pictures only. */
  #release(): void {
    const nowMs = performance.now();
    const hasPictures = this.#lastPictureMs >= 0;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const isDue = next.packet.dtsMs <= this.#lastPictureMs;
      const isLate = (hasPictures && nowMs - next.atMs > MAX_HELD_MS) || this.#held.length > MAX_HELD_PACKETS;
      if (!isDue && !isLate) return;
      this.#held.shift();
      if (hasPictures) this.#begin().publish({ ...next.packet });
    }
  }

  /** AAC that is made of a browser's Opus, once for the source and all its renditions. */
  #wantAac(wanted: boolean): void {
    if (!wanted) {
      this.#untapAac?.();
      this.#untapAac = undefined;
      return;
    }
    const tap = {
      published: () => undefined,
      packet: (packet: MediaPacket) => this.sound(packet),
      interrupted: () => undefined,
      ended: () => undefined,
    };
    this.#untapAac ??= this.#source.tap(tap, { audio: 'alternate' });
  }

  /** Tells players which tracks to expect, and of what size. */
  #metadata(): MediaPacket {
    const { height, videoBps = 0 } = this.profile;
    const { headers, meter } = this.#source;
    const hasSound = headers.audio !== undefined || meter.firstAudio !== undefined;
    const entries = {
      ...(hasSound ? { audiocodecid: FLV_CODEC_AAC } : {}),
      ...(height === undefined
        ? {}
        : {
            ...(this.#video && sizeOf(this.#video, this.profile)),
            videocodecid: FLV_CODEC_AVC,
            videodatarate: videoBps / 1000,
          }),
    };
    const body = encodeAmf0(['onMetaData', new AmfEcmaArray(entries)]);
    return packetFromTag({ type: FLV_TAG_SCRIPT, timestampMs: 0, body });
  }
}
