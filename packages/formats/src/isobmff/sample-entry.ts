import { ByteWriter } from '../bytes/byte-writer.ts';
import { box } from './box.ts';

const DATA_REFERENCE_INDEX = 1;
/** 72 dots an inch as 16.16, what everybody writes (ISO/IEC 14496-12, 12.1.3.2). */
const RESOLUTION_72_DPI = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
/** "Images are in colour with no alpha." */
const DEPTH_COLOUR = 0x18;
const MAX_SAMPLE_RATE_16_BITS = 0xffff;
/** What a sample entry has before its boxes. */
export const VISUAL_ENTRY_BYTES = 78;
export const AUDIO_ENTRY_BYTES = 28;

/** VisualSampleEntry, ISO/IEC 14496-12, 12.1.3: `config` is the codec's box. */
export function visualSampleEntry(
  type: string,
  { width, height, config }: { width: number; height: number; config: Uint8Array },
): Uint8Array {
  const fields = new ByteWriter(VISUAL_ENTRY_BYTES)
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
  const fields = new ByteWriter(AUDIO_ENTRY_BYTES)
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
