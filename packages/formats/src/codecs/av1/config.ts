import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

/** marker bit 1, version 1. */
const MARKER_AND_VERSION = 0x81;
const PRESENTATION_DELAY_PRESENT = 0x10;

/** AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding" 2.3.3. */
export interface Av1Config {
  seqProfile: number;
  seqLevelIdx0: number;
  seqTier0: number;
  highBitdepth: boolean;
  twelveBit: boolean;
  monochrome: boolean;
  chromaSubsamplingX: number;
  chromaSubsamplingY: number;
  chromaSamplePosition: number;
  /** Frames, 0 to 15; left out when not present. */
  initialPresentationDelayMinusOne?: number;
  /** Open bitstream units in low-overhead form, the sequence header first; may be empty. A view of the record. */
  configObus: Uint8Array;
}

/** @throws FormatError */
export function parseAv1Config(bytes: Uint8Array): Av1Config {
  const reader = new ByteReader(bytes);
  const markerAndVersion = reader.u8();
  if (markerAndVersion !== MARKER_AND_VERSION)
    throw new FormatError('malformed', `av1C begins with 0x${markerAndVersion.toString(16)}`);
  const profile = reader.u8();
  const format = reader.u8();
  const delay = reader.u8();
  const configObus = reader.rest();
  return {
    seqProfile: profile >> 5,
    seqLevelIdx0: profile & 0x1f,
    seqTier0: format >> 7,
    highBitdepth: (format & 0x40) !== 0,
    twelveBit: (format & 0x20) !== 0,
    monochrome: (format & 0x10) !== 0,
    chromaSubsamplingX: (format >> 3) & 1,
    chromaSubsamplingY: (format >> 2) & 1,
    chromaSamplePosition: format & 0x03,
    ...((delay & PRESENTATION_DELAY_PRESENT) === 0 ? {} : { initialPresentationDelayMinusOne: delay & 0x0f }),
    configObus,
  };
}

export function encodeAv1Config(config: Av1Config): Uint8Array {
  const delay = config.initialPresentationDelayMinusOne;
  return new ByteWriter()
    .u8(MARKER_AND_VERSION)
    .u8((config.seqProfile << 5) | config.seqLevelIdx0)
    .u8(
      (config.seqTier0 << 7) |
        (config.highBitdepth ? 0x40 : 0) |
        (config.twelveBit ? 0x20 : 0) |
        (config.monochrome ? 0x10 : 0) |
        (config.chromaSubsamplingX << 3) |
        (config.chromaSubsamplingY << 2) |
        config.chromaSamplePosition,
    )
    .u8(delay === undefined ? 0 : PRESENTATION_DELAY_PRESENT | delay)
    .bytes(config.configObus)
    .finish();
}
