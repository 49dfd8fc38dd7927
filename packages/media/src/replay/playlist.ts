import { encodeMediaPlaylist, type HlsSegment } from '@kaibo/formats';
import type { ReplayIndex } from './index-file.ts';

export interface ReplayPart extends ReplayIndex {
  uri: string;
  /** Wall clock at its first frame, ms since the epoch. */
  epochMs: number;
}

/**
 * Recorded files, one after the other, as an HLS playlist of byte ranges (RFC 8216bis, 4.4.4.2): the files stay as they
 * are, and a player fetches what it plays. Each has codecs and a time of its own, so there is a discontinuity between them.
 */
export function replayPlaylist(parts: readonly ReplayPart[]): string {
  const segments = parts.flatMap(segmentsOf);
  return encodeMediaPlaylist({
    targetDurationS: Math.max(1, ...segments.map(({ durationS }) => durationS)),
    mediaSequence: 0,
    type: 'VOD',
    independentSegments: true,
    segments,
    endList: true,
  });
}

function segmentsOf({ uri, epochMs, headBytes, segments }: ReplayPart, index: number): HlsSegment[] {
  const map = { uri, byteRange: { bytes: headBytes, offset: 0 } };
  let offset = headBytes;
  return segments.map(({ bytes, durationMs }, place) => {
    const isFirst = place === 0;
    const segment: HlsSegment = {
      uri,
      map,
      durationS: durationMs / 1000,
      byteRange: { bytes, offset },
      ...(isFirst ? { programDateTimeMs: epochMs, discontinuity: index > 0 } : {}),
    };
    offset += bytes;
    return segment;
  });
}
