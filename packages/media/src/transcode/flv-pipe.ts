import {
  encodeFlvHeader,
  encodeFlvTag,
  FLV_TAG_AUDIO,
  FLV_TAG_VIDEO,
  FlvDemuxer,
  type MediaPacket,
  packetFromTag,
} from '@kaibo/formats';
import type { ChildClock } from './child-clock.ts';

/** FLV to ffmpeg's standard input. */
export class FlvIn {
  #clock: ChildClock;
  #begun = false;

  constructor(clock: ChildClock) {
    this.#clock = clock;
  }

  /** The tag of a packet, with the file header before the first. `body` is the packet's as ffmpeg 5 knows it. */
  encode({ kind, config, dtsMs }: MediaPacket, body: Uint8Array): Uint8Array {
    const isAudio = kind === 'audio';
    const timestampMs = config ? 0 : Math.max(0, this.#clock.toChild(dtsMs));
    const tag = encodeFlvTag({ type: isAudio ? FLV_TAG_AUDIO : FLV_TAG_VIDEO, timestampMs, body });
    if (this.#begun) return tag;
    this.#begun = true;
    return Buffer.concat([encodeFlvHeader({ hasAudio: isAudio, hasVideo: !isAudio }), tag]);
  }
}

/** FLV from ffmpeg's standard output, as packets in stream time. */
export class FlvOut {
  #clock: ChildClock;
  #demuxer = new FlvDemuxer();

  constructor(clock: ChildClock) {
    this.#clock = clock;
  }

  /** @throws FormatError */
  decode(bytes: Uint8Array): MediaPacket[] {
    const { firstMs = 0 } = this.#clock;
    const packets = this.#demuxer
      .push(bytes)
      .filter(({ type, body }) => (type === FLV_TAG_AUDIO || type === FLV_TAG_VIDEO) && body.length > 0)
      .map((tag) => this.#place(packetFromTag(tag)));
    // An encoder's priming is before the first sample, and may be before the beginning of the stream.
    return packets.filter(({ dtsMs, config }) => config || dtsMs >= firstMs);
  }

  #place(packet: MediaPacket): MediaPacket {
    const compositionMs = packet.ptsMs - packet.dtsMs;
    packet.dtsMs = packet.config ? (this.#clock.firstMs ?? 0) : this.#clock.toStream(packet.dtsMs);
    packet.ptsMs = packet.dtsMs + compositionMs;
    return packet;
  }
}
