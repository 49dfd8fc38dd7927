import { ByteWriter } from '../bytes/byte-writer.ts';
import { writeFourCc, writeMultitrackByte, writeNanosecondOffset, writeTrackHeader } from './enhanced.ts';
import { hasAvcPacketType } from './video-codec.ts';
import {
  AVC_PACKET_TYPES,
  EX_VIDEO_HEADER_BIT,
  hasCompositionTime,
  VIDEO_FRAME_TYPES,
  VIDEO_PACKET_MOD_EX,
  VIDEO_PACKET_MULTITRACK,
  VIDEO_PACKET_TYPES,
} from './video-header.ts';
import type { EnhancedVideoTagHeader, LegacyVideoTagHeader, VideoTagHeader } from './video-header.ts';

const COMPOSITION_TIME_BYTES = 3;

/** What an encoder needs of a header: `codec` follows from the codec id or FourCC, `headerBytes` from the result. */
export type EncodableVideoTagHeader =
  | Omit<LegacyVideoTagHeader, 'headerBytes'>
  | Omit<EnhancedVideoTagHeader, 'headerBytes'>;

/**
 * The bytes of a video tag's body up to the codec's. With multitrack it is the whole body, tracks' payloads included.
 * The inverse of `parseVideoTagHeader`.
 */
export function encodeVideoTagHeader(header: EncodableVideoTagHeader | VideoTagHeader): Uint8Array {
  const writer = new ByteWriter();
  if (header.form === 'legacy') writeLegacy(writer, header);
  else writeEnhanced(writer, header);
  return writer.finish();
}

function writeLegacy(writer: ByteWriter, header: Omit<LegacyVideoTagHeader, 'headerBytes'>): void {
  writer.u8((VIDEO_FRAME_TYPES.indexOf(header.frameType) << 4) | header.codecId);
  if (header.frameType === 'command') writer.u8(header.command ?? 0);
  else if (hasAvcPacketType(header.codecId)) {
    writer.u8(AVC_PACKET_TYPES.indexOf(header.packetType)).i24(header.compositionTimeMs);
  }
}

function writeEnhanced(writer: ByteWriter, header: Omit<EnhancedVideoTagHeader, 'headerBytes'>): void {
  const packetNumber =
    header.multitrack === undefined ? VIDEO_PACKET_TYPES.indexOf(header.packetType) : VIDEO_PACKET_MULTITRACK;
  const modified = header.nanosecondOffset > 0;
  const firstPacketNumber = modified ? VIDEO_PACKET_MOD_EX : packetNumber;
  writer.u8(EX_VIDEO_HEADER_BIT | (VIDEO_FRAME_TYPES.indexOf(header.frameType) << 4) | firstPacketNumber);
  if (modified) writeNanosecondOffset(writer, header.nanosecondOffset, packetNumber);
  if (header.frameType === 'command' && header.packetType !== 'metadata') writer.u8(header.command ?? 0);
  else if (header.multitrack !== undefined) writeMultitrack(writer, header, header.multitrack);
  else {
    writeFourCc(writer, header.fourCc ?? '');
    if (hasCompositionTime(header.codec, header.packetType)) writer.i24(header.compositionTimeMs);
  }
}

function writeMultitrack(
  writer: ByteWriter,
  header: Omit<EnhancedVideoTagHeader, 'headerBytes'>,
  { type, tracks }: NonNullable<EnhancedVideoTagHeader['multitrack']>,
): void {
  writeMultitrackByte(writer, type, VIDEO_PACKET_TYPES.indexOf(header.packetType));
  if (type !== 'manyTracksManyCodecs') writeFourCc(writer, header.fourCc ?? '');
  for (const { trackId, fourCc, codec, compositionTimeMs, payload } of tracks) {
    const timed = hasCompositionTime(codec, header.packetType);
    writeTrackHeader(writer, type, {
      trackId,
      fourCc,
      bodyBytes: payload.length + (timed ? COMPOSITION_TIME_BYTES : 0),
    });
    if (timed) writer.i24(compositionTimeMs);
    writer.bytes(payload);
  }
}
