import { AmfEcmaArray, type AmfObject, decodeAmf0, FormatError, isAmfObject, type MediaPacket } from '@kaibo/formats';
import type { TrackFlags } from './framing.ts';

/**
 * Which tracks `onMetaData` announces (FLV specification E.5), so that a stream with one track need not wait for another.
 * Undefined when it says nothing of codecs or cannot be read: it is a hint and never an error.
 */
export function announcedTracks(packet: MediaPacket): TrackFlags | undefined {
  const metadata = readMetadata(packet.payload);
  if (!metadata) return undefined;
  const flags = { hasAudio: 'audiocodecid' in metadata, hasVideo: 'videocodecid' in metadata };
  return flags.hasAudio || flags.hasVideo ? flags : undefined;
}

/** Frames per second that `onMetaData` announces; undefined when it says nothing of them. */
export function announcedFrameRate(packet: MediaPacket): number | undefined {
  const rate = readMetadata(packet.payload)?.['framerate'];
  return typeof rate === 'number' && Number.isFinite(rate) ? rate : undefined;
}

function readMetadata(payload: Uint8Array): AmfObject | undefined {
  try {
    for (const value of decodeAmf0(payload)) {
      if (value instanceof AmfEcmaArray) return value.entries;
      if (isAmfObject(value)) return value;
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return undefined;
}
