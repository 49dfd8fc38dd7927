import type { MediaPacket } from '@kaibo/formats';
import { OpusToAac } from './opus-to-aac.ts';
import { PlainH264 } from './plain-h264.ts';
import { ToOpus } from './to-opus.ts';

export type TranscodeTarget = 'aac' | 'opus' | 'h264-without-bframes';

/**
 * What one ffmpeg is told, given and read. Implemented by opus-to-aac.ts, to-opus.ts, plain-h264.ts and
 * ladder/rendition-conversion.ts. It lives as long as its ffmpeg, whose time begins with it.
 */
export interface Conversion {
  readonly args: readonly string[];
  readonly maxBacklogBytes: number;
  /** One when left out. */
  readonly outputs?: number;
  /**
   * Bytes for ffmpeg: of the source's configuration first, when it has one, then of its frames, from a key frame on.
   * Undefined for a packet that is of no use here. @throws FormatError for one that cannot be read
   */
  encode(packet: MediaPacket): Uint8Array | undefined;
  /** What ffmpeg gave by one output, in stream time; the configuration first. @throws FormatError */
  decode(bytes: Uint8Array, output: number): MediaPacket[];
}

export function conversionTo(target: TranscodeTarget): Conversion {
  switch (target) {
    case 'aac':
      return new OpusToAac();
    case 'opus':
      return new ToOpus();
    case 'h264-without-bframes':
      return new PlainH264();
  }
}
