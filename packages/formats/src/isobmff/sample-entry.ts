import { ByteWriter } from '../bytes/byte-writer.ts';
import { box, fullBox } from './box.ts';

const DATA_REFERENCE_INDEX = 1;
/** 72 dots an inch as 16.16, what everybody writes (ISO/IEC 14496-12, 12.1.3.2). */
const RESOLUTION_72_DPI = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
/** "Images are in colour with no alpha." */
const DEPTH_COLOUR = 0x18;
const MAX_SAMPLE_RATE_16_BITS = 0xffff;

// Descriptor tags (ISO/IEC 14496-1, 7.2.2.1).
const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG_DESCRIPTOR = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;
const SL_CONFIG_DESCRIPTOR = 0x06;
/** streamType 5, audio; upStream 0; reserved 1 (7.2.6.6). */
const AUDIO_STREAM = 0x15;
/** "Reserved for use in MP4 files" (7.3.2.3.2). */
const SL_PREDEFINED_MP4 = 0x02;

/** VisualSampleEntry, ISO/IEC 14496-12, 12.1.3: `config` is the codec's box. */
export function visualSampleEntry(
  type: string,
  { width, height, config }: { width: number; height: number; config: Uint8Array },
): Uint8Array {
  const fields = new ByteWriter(78)
    .bytes(new Uint8Array(6)) // reserved
    .u16(DATA_REFERENCE_INDEX)
    .bytes(new Uint8Array(16)) // pre_defined, reserved
    .u16(width)
    .u16(height)
    .u32(RESOLUTION_72_DPI)
    .u32(RESOLUTION_72_DPI)
    .u32(0) // reserved
    .u16(1) // frame_count
    .bytes(new Uint8Array(COMPRESSOR_NAME_BYTES))
    .u16(DEPTH_COLOUR)
    .i16(-1); // pre_defined
  return box(type, fields.finish(), config);
}

/** AudioSampleEntry, ISO/IEC 14496-12, 12.2.3. A rate that has no room in its 16 bits is left to the codec's box. */
export function audioSampleEntry(
  type: string,
  audio: { channels: number; sampleRateHz: number; sampleBits: number; config: Uint8Array },
): Uint8Array {
  const fields = new ByteWriter(28)
    .bytes(new Uint8Array(6)) // reserved
    .u16(DATA_REFERENCE_INDEX)
    .bytes(new Uint8Array(8)) // reserved
    .u16(audio.channels)
    .u16(audio.sampleBits)
    .u32(0) // pre_defined, reserved
    .u16(audio.sampleRateHz > MAX_SAMPLE_RATE_16_BITS ? 0 : audio.sampleRateHz)
    .u16(0); // fraction of the rate
  return box(type, fields.finish(), audio.config);
}

/** ESDBox, ISO/IEC 14496-14, 6.7.2. Bit rates are left at 0, unknown: a live stream has none in advance. */
export function esdsBox(objectTypeIndication: number, specificInfo: Uint8Array | undefined): Uint8Array {
  const decoderConfig = new ByteWriter()
    .u8(objectTypeIndication)
    .u8(AUDIO_STREAM)
    .u24(0) // bufferSizeDB
    .u32(0) // maxBitrate
    .u32(0); // avgBitrate
  if (specificInfo !== undefined) decoderConfig.bytes(descriptor(DECODER_SPECIFIC_INFO, specificInfo));
  const elementaryStream = new ByteWriter()
    .u16(0) // ES_ID
    .u8(0) // no dependence, URL or OCR stream; streamPriority
    .bytes(descriptor(DECODER_CONFIG_DESCRIPTOR, decoderConfig.finish()))
    .bytes(descriptor(SL_CONFIG_DESCRIPTOR, Uint8Array.of(SL_PREDEFINED_MP4)));
  return fullBox('esds', { version: 0, flags: 0 }, descriptor(ES_DESCRIPTOR, elementaryStream.finish()));
}

/** A descriptor with its size in four bytes of seven bits each (ISO/IEC 14496-1, 8.3.3). */
function descriptor(tag: number, payload: Uint8Array): Uint8Array {
  const size = payload.length;
  return new ByteWriter(5 + size)
    .u8(tag)
    .u8(0x80 | ((size >> 21) & 0x7f))
    .u8(0x80 | ((size >> 14) & 0x7f))
    .u8(0x80 | ((size >> 7) & 0x7f))
    .u8(size & 0x7f)
    .bytes(payload)
    .finish();
}
