import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

/** version 1, flags 0, of the box that the record comes from. */
const BOX_VERSION_AND_FLAGS = 0x0100_0000;

/** VPCodecConfigurationRecord, "VP Codec ISO Media File Format Binding" 1.0: VP8 and VP9 have the same. */
export interface VpConfig {
  /** VP9: 0 to 3; VP8: its version. */
  profile: number;
  /** Ten times the level; 0 when it is not known. */
  level: number;
  bitDepth: number;
  /** 0 is 4:2:0 between lines, 1 is 4:2:0 on luma samples, 2 is 4:2:2, 3 is 4:4:4. */
  chromaSubsampling: number;
  fullRange: boolean;
  // ISO/IEC 23091-2; 2 is not known.
  colourPrimaries: number;
  transferCharacteristics: number;
  matrixCoefficients: number;
}

/**
 * With the box's version and flags before the record, or without them: E-RTMP v2 says `[VPCodecConfigurationRecord]`, of
 * VP8 and VP9 alike, and FFmpeg's muxer puts the four bytes before it. They cannot be taken for the record itself, whose third byte is never 0.
 * Initialization data, which VP8 and VP9 have none of, is not looked at.
 * @throws FormatError
 */
export function parseVpConfig(bytes: Uint8Array): VpConfig {
  const start = new ByteReader(bytes);
  const boxed = start.remaining >= 4 && start.u32() === BOX_VERSION_AND_FLAGS;
  const reader = new ByteReader(boxed ? bytes.subarray(4) : bytes);
  const profile = reader.u8();
  const level = reader.u8();
  const format = reader.u8();
  const colourPrimaries = reader.u8();
  const transferCharacteristics = reader.u8();
  const matrixCoefficients = reader.u8();
  reader.skip(reader.u16()); // codecInitializationDataSize
  const bitDepth = format >> 4;
  if (bitDepth < 8) throw new FormatError('malformed', `vpcC of ${bitDepth} bits`);
  return {
    profile,
    level,
    bitDepth,
    chromaSubsampling: (format >> 1) & 0x07,
    fullRange: (format & 1) === 1,
    colourPrimaries,
    transferCharacteristics,
    matrixCoefficients,
  };
}

/** With the box's version and flags, as FFmpeg writes it. */
export function encodeVpConfig(config: VpConfig): Uint8Array {
  return new ByteWriter(12)
    .u32(BOX_VERSION_AND_FLAGS)
    .u8(config.profile)
    .u8(config.level)
    .u8((config.bitDepth << 4) | (config.chromaSubsampling << 1) | (config.fullRange ? 1 : 0))
    .u8(config.colourPrimaries)
    .u8(config.transferCharacteristics)
    .u8(config.matrixCoefficients)
    .u16(0) // codecInitializationDataSize
    .finish();
}
