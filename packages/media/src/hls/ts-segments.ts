import { FormatError, type MediaPacket, TsMuxer } from '@kaibo/formats';

/** The packets of the segment in the making, to become one of MPEG-TS when it ends. */
export class TsSegments {
  readonly #muxer: TsMuxer;
  #packets: MediaPacket[] = [];

  private constructor(muxer: TsMuxer) {
    this.#muxer = muxer;
  }

  /** Undefined for codecs that MPEG-TS has no place for. */
  static of(configs: { video?: MediaPacket; audio?: MediaPacket }): TsSegments | undefined {
    if (!configs.video && !configs.audio) return undefined;
    try {
      return new TsSegments(new TsMuxer(configs));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    }
  }

  push(packet: MediaPacket): void {
    this.#packets.push(packet);
  }

  /** What came since the last cut; undefined when nothing did, or it cannot be read. */
  cut(): Uint8Array | undefined {
    const packets = this.#packets;
    this.#packets = [];
    if (packets.length === 0) return undefined;
    try {
      return this.#muxer.segment(packets);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    }
  }
}
