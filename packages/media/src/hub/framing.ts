import type { MediaPacket } from '@kaibo/formats';

export interface TrackFlags {
  hasAudio: boolean;
  hasVideo: boolean;
}

/**
 * How packets become the bytes of one kind of viewer. Stateless, so that one Buffer serves every viewer of the kind:
 * a chunk never refers to what was sent before it.
 * Implemented by flv/framing.ts (HTTP and WebSocket) and rtmp/framing.ts.
 */
export interface Framing {
  /** Viewers with equal keys share bytes. */
  readonly key: string;
  /** False for a kind this viewer turned off; absent means everything. */
  accepts?(packet: MediaPacket): boolean;
  /** What comes before the first packet. */
  head(flags: TrackFlags): Buffer | undefined;
  frame(packets: readonly MediaPacket[]): Buffer;
}
