import { ByteWriter } from '../bytes/byte-writer.ts';
import { SOUND_FORMAT } from './audio-codec.ts';
import {
  AAC_PACKET_TYPES,
  AUDIO_PACKET_MOD_EX,
  AUDIO_PACKET_MULTITRACK,
  AUDIO_PACKET_TYPES,
  SOUND_RATES_HZ,
} from './audio-header.ts';
import type { AudioTagHeader, EnhancedAudioTagHeader, LegacyAudioTagHeader } from './audio-header.ts';
import { writeFourCc, writeMultitrackByte, writeNanosecondOffset, writeTrackHeader } from './enhanced.ts';

/** What an encoder needs of a header: `codec` follows from the format or FourCC, `headerBytes` from the result. */
export type EncodableAudioTagHeader =
  | Omit<LegacyAudioTagHeader, 'headerBytes'>
  | Omit<EnhancedAudioTagHeader, 'headerBytes'>;

/**
 * The bytes of an audio tag's body up to the codec's. With multitrack it is the whole body, tracks' payloads included.
 * The inverse of `parseAudioTagHeader`.
 */
export function encodeAudioTagHeader(header: EncodableAudioTagHeader | AudioTagHeader): Uint8Array {
  const writer = new ByteWriter();
  if (header.form === 'legacy') writeLegacy(writer, header);
  else writeEnhanced(writer, header);
  return writer.finish();
}

function writeLegacy(writer: ByteWriter, header: Omit<LegacyAudioTagHeader, 'headerBytes'>): void {
  const rate = SOUND_RATES_HZ.indexOf(header.sampleRateHz);
  writer.u8((header.soundFormat << 4) | (rate << 2) | (header.sampleBits === 16 ? 2 : 0) | (header.channels - 1));
  if (header.soundFormat === SOUND_FORMAT.aac) writer.u8(AAC_PACKET_TYPES.indexOf(header.packetType));
}

function writeEnhanced(writer: ByteWriter, header: Omit<EnhancedAudioTagHeader, 'headerBytes'>): void {
  const packetType = AUDIO_PACKET_TYPES.indexOf(header.packetType);
  const packetNumber = header.multitrack === undefined ? packetType : AUDIO_PACKET_MULTITRACK;
  const modified = header.nanosecondOffset > 0;
  writer.u8((SOUND_FORMAT.exHeader << 4) | (modified ? AUDIO_PACKET_MOD_EX : packetNumber));
  if (modified) writeNanosecondOffset(writer, header.nanosecondOffset, packetNumber);
  if (header.multitrack === undefined) {
    writeFourCc(writer, header.fourCc ?? '');
    return;
  }
  const { type, tracks } = header.multitrack;
  writeMultitrackByte(writer, type, packetType);
  if (type !== 'manyTracksManyCodecs') writeFourCc(writer, header.fourCc ?? '');
  for (const { trackId, fourCc, payload } of tracks) {
    writeTrackHeader(writer, type, { trackId, fourCc, bodyBytes: payload.length });
    writer.bytes(payload);
  }
}
