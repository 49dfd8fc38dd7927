import type { MediaPacket } from '@kaibo/formats';

export interface TrackFlags {
  hasAudio: boolean;
  hasVideo: boolean;
}

/** Which audio codec a viewer takes of a stream that has two: what RTMP and FLV players know, or as it was published. */
export type AudioChoice = 'aac' | 'opus';

/** `?audio=opus` in the parameters of a play's address; everybody else takes AAC. */
export function audioChoiceOf(param: string): AudioChoice {
  return new URLSearchParams(param).get('audio') === 'opus' ? 'opus' : 'aac';
}

/**
 * How packets become the bytes of one kind of viewer. Stateless, so that one Buffer serves every viewer of the kind:
 * a chunk never refers to what was sent before it.
 * Implemented by flv/framing.ts (HTTP and WebSocket) and rtmp/framing.ts.
 */
export interface Framing {
  /** Viewers with equal keys share bytes. */
  readonly key: string;
  /** Packets of the other codec are not given to `frame`. */
  readonly audio: AudioChoice;
  /** False for a kind this viewer turned off; absent means everything. */
  accepts?(packet: MediaPacket): boolean;
  /** What comes before the first packet. */
  head(flags: TrackFlags): Buffer | undefined;
  frame(packets: readonly MediaPacket[]): Buffer;
}
