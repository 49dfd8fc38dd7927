import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';

// Descriptor tags (ISO/IEC 14496-1, 7.2.2.1).
const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG_DESCRIPTOR = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;
const SL_CONFIG_DESCRIPTOR = 0x06;
/** streamType 5, audio; upStream 0; reserved 1 (7.2.6.6). */
const AUDIO_STREAM = 0x15;
/** "Reserved for use in MP4 files" (7.3.2.3.2). */
const SL_PREDEFINED_MP4 = 0x02;
const MAX_SIZE_BYTES = 4;
// Flags of ES_Descriptor (7.2.6.5).
const HAS_DEPENDENCE = 0x80;
const HAS_URL = 0x40;
const HAS_OCR = 0x20;

/** objectTypeIndication of AAC (table 5). */
export const OBJECT_TYPE_AAC = 0x40;

/** objectTypeIndication, and the codec's own configuration where it has one. */
export interface DecoderConfig {
  objectType: number;
  specificInfo?: Uint8Array;
}

/** ES_Descriptor of audio. Bit rates are left at 0, unknown: a live stream has none in advance. */
export function encodeDecoderConfig({ objectType, specificInfo }: DecoderConfig): Uint8Array {
  const decoderConfig = new ByteWriter()
    .u8(objectType)
    .u8(AUDIO_STREAM)
    .u24(0) // bufferSizeDB
    .u32(0) // maxBitrate
    .u32(0); // avgBitrate
  if (specificInfo !== undefined) writeDescriptor(decoderConfig, DECODER_SPECIFIC_INFO, specificInfo);
  const elementaryStream = new ByteWriter()
    .u16(0) // ES_ID
    .u8(0); // no dependence, URL or OCR stream; streamPriority
  writeDescriptor(elementaryStream, DECODER_CONFIG_DESCRIPTOR, decoderConfig.finish());
  writeDescriptor(elementaryStream, SL_CONFIG_DESCRIPTOR, Uint8Array.of(SL_PREDEFINED_MP4));
  const whole = new ByteWriter();
  writeDescriptor(whole, ES_DESCRIPTOR, elementaryStream.finish());
  return whole.finish();
}

/** With its size in four bytes of seven bits each (8.3.3). */
function writeDescriptor(writer: ByteWriter, tag: number, payload: Uint8Array): void {
  const size = payload.length;
  writer
    .u8(tag)
    .u8(0x80 | ((size >> 21) & 0x7f))
    .u8(0x80 | ((size >> 14) & 0x7f))
    .u8(0x80 | ((size >> 7) & 0x7f))
    .u8(size & 0x7f)
    .bytes(payload);
}

/** What an ES_Descriptor says of its decoder. @throws FormatError */
export function readDecoderConfig(bytes: Uint8Array): DecoderConfig {
  const stream = new ByteReader(expectDescriptor(new ByteReader(bytes), ES_DESCRIPTOR));
  stream.skip(2); // ES_ID
  const flags = stream.u8();
  if (flags & HAS_DEPENDENCE) stream.skip(2);
  if (flags & HAS_URL) stream.skip(stream.u8());
  if (flags & HAS_OCR) stream.skip(2);
  const decoder = new ByteReader(expectDescriptor(stream, DECODER_CONFIG_DESCRIPTOR));
  const objectType = decoder.u8();
  decoder.skip(1 + 3 + 4 + 4); // streamType, bufferSizeDB, maxBitrate, avgBitrate
  if (decoder.remaining === 0) return { objectType };
  return { objectType, specificInfo: expectDescriptor(decoder, DECODER_SPECIFIC_INFO) };
}

function expectDescriptor(reader: ByteReader, wanted: number): Uint8Array {
  const tag = reader.u8();
  if (tag !== wanted) throw new FormatError('malformed', `descriptor ${tag} where ${wanted} stands`);
  let size = 0;
  for (let index = 0; index < MAX_SIZE_BYTES; index += 1) {
    const byte = reader.u8();
    size = size * 0x80 + (byte & 0x7f);
    if (byte < 0x80) return reader.bytes(size);
  }
  throw new FormatError('malformed', `descriptor size longer than ${MAX_SIZE_BYTES} bytes`);
}
