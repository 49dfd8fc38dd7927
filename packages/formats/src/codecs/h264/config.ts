import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

const CONFIGURATION_VERSION = 1;
const MAX_SPS = 31;
const MAX_PARAMETER_SETS = 255;
const MAX_PARAMETER_SET_BYTES = 0xffff;
/** Profiles whose record goes on with chroma format and bit depths (ISO/IEC 14496-15, 5.3.3.1.2). */
export const PROFILES_WITH_EXTENSION: ReadonlySet<number> = new Set([100, 110, 122, 144]);

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15, 5.3.3.1: what an H.264 sequence header carries. */
export interface AvcConfig {
  profileIdc: number;
  profileCompatibility: number;
  levelIdc: number;
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  nalLengthBytes: number;
  /** Whole NAL units, views of the record. */
  sps: Uint8Array[];
  pps: Uint8Array[];
  /** Of the High profiles, where the muxer wrote it. */
  extension?: AvcConfigExtension;
}

export interface AvcConfigExtension {
  chromaFormat: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
  spsExt: Uint8Array[];
}

/**
 * Bytes after the parameter sets are read only as the High profiles' extension; others are not looked at, since
 * encoders pad the record.
 * @throws FormatError
 */
export function parseAvcConfig(bytes: Uint8Array): AvcConfig {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== CONFIGURATION_VERSION) throw new FormatError('malformed', `avcC version ${version}`);
  const profileIdc = reader.u8();
  const profileCompatibility = reader.u8();
  const levelIdc = reader.u8();
  const nalLengthBytes = (reader.u8() & 0x03) + 1;
  if (nalLengthBytes === 3) throw new FormatError('malformed', 'avcC NAL unit length of 3 bytes');
  const sps = readParameterSets(reader, reader.u8() & 0x1f);
  const pps = readParameterSets(reader, reader.u8());
  const config = { profileIdc, profileCompatibility, levelIdc, nalLengthBytes, sps, pps };
  const extended = PROFILES_WITH_EXTENSION.has(profileIdc) && reader.remaining >= 4;
  return extended ? { ...config, extension: readExtension(reader) } : config;
}

function readExtension(reader: ByteReader): AvcConfigExtension {
  const chromaFormat = reader.u8() & 0x03;
  const bitDepthLuma = (reader.u8() & 0x07) + 8;
  const bitDepthChroma = (reader.u8() & 0x07) + 8;
  return { chromaFormat, bitDepthLuma, bitDepthChroma, spsExt: readParameterSets(reader, reader.u8()) };
}

function readParameterSets(reader: ByteReader, count: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) sets.push(reader.bytes(reader.u16()));
  return sets;
}

/** @throws FormatError `too_large` for more or larger parameter sets than the record can hold */
export function encodeAvcConfig(config: AvcConfig): Uint8Array {
  const writer = new ByteWriter()
    .u8(CONFIGURATION_VERSION)
    .u8(config.profileIdc)
    .u8(config.profileCompatibility)
    .u8(config.levelIdc)
    .u8(0xfc | (config.nalLengthBytes - 1)); // reserved '111111'
  writeParameterSets(writer, config.sps, { reservedBits: 0xe0, max: MAX_SPS });
  writeParameterSets(writer, config.pps, { reservedBits: 0, max: MAX_PARAMETER_SETS });
  if (config.extension !== undefined) writeExtension(writer, config.extension);
  return writer.finish();
}

function writeExtension(writer: ByteWriter, extension: AvcConfigExtension): void {
  writer.u8(0xfc | extension.chromaFormat); // reserved '111111'
  writer.u8(0xf8 | (extension.bitDepthLuma - 8)); // reserved '11111'
  writer.u8(0xf8 | (extension.bitDepthChroma - 8)); // reserved '11111'
  writeParameterSets(writer, extension.spsExt, { reservedBits: 0, max: MAX_PARAMETER_SETS });
}

function writeParameterSets(
  writer: ByteWriter,
  sets: Uint8Array[],
  count: { reservedBits: number; max: number },
): void {
  if (sets.length > count.max) throw new FormatError('too_large', `${sets.length} parameter sets`);
  writer.u8(count.reservedBits | sets.length);
  for (const set of sets) {
    if (set.length > MAX_PARAMETER_SET_BYTES)
      throw new FormatError('too_large', `parameter set of ${set.length} bytes`);
    writer.u16(set.length).bytes(set);
  }
}
