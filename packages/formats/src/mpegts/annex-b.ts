import { FormatError } from '../bytes/format-error.ts';
import { parseAvcConfig } from '../codecs/h264/config.ts';
import { HEVC_NAL_PPS, HEVC_NAL_SPS, HEVC_NAL_VPS, parseHevcConfig } from '../codecs/h265/config.ts';
import { splitLengthPrefixed } from '../codecs/length-prefixed.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { samplePayload } from '../isobmff/sample-payload.ts';

const START_CODE = Uint8Array.of(0, 0, 0, 1);
// nal_unit_type (ITU-T H.264, table 7-1; H.265, table 7-1).
const AVC_NAL_SPS = 7;
const AVC_NAL_DELIMITER = 9;
const HEVC_NAL_DELIMITER = 35;

/** A video codec's access units as a byte stream (ITU-T H.264 and H.265, annex B). */
export interface AnnexB {
  /** stream_type, ISO/IEC 13818-1, table 2-34. */
  streamType: number;
  lengthBytes: number;
  /** Before each key frame that has none itself. */
  parameterSets: readonly Uint8Array[];
  /** access_unit_delimiter_rbsp() for any slices: what begins every access unit. */
  delimiter: Uint8Array;
  isDelimiter: (unit: Uint8Array) => boolean;
  isParameterSet: (unit: Uint8Array) => boolean;
}

const avcType = (unit: Uint8Array): number => (unit[0] ?? 0) & 0x1f;
const hevcType = (unit: Uint8Array): number => ((unit[0] ?? 0) >> 1) & 0x3f;

/** @throws FormatError `unsupported` for other codecs than H.264 and H.265 */
export function annexBOf(config: MediaPacket): AnnexB {
  const record = samplePayload(config);
  if (config.codec === 'h264') {
    const { nalLengthBytes, sps, pps } = parseAvcConfig(record);
    return {
      streamType: 0x1b,
      lengthBytes: nalLengthBytes,
      parameterSets: [...sps, ...pps],
      delimiter: Uint8Array.of(AVC_NAL_DELIMITER, 0xf0),
      isDelimiter: (unit) => avcType(unit) === AVC_NAL_DELIMITER,
      isParameterSet: (unit) => avcType(unit) === AVC_NAL_SPS,
    };
  }
  if (config.codec !== 'h265') throw new FormatError('unsupported', `${config.codec} in MPEG-TS`);
  const { nalLengthBytes, arrays } = parseHevcConfig(record);
  const sets = [HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS].flatMap((type) =>
    arrays.filter((array) => array.nalUnitType === type).flatMap(({ units }) => units),
  );
  return {
    streamType: 0x24,
    lengthBytes: nalLengthBytes,
    parameterSets: sets,
    delimiter: Uint8Array.of(HEVC_NAL_DELIMITER << 1, 1, 0x50),
    isDelimiter: (unit) => hevcType(unit) === HEVC_NAL_DELIMITER,
    isParameterSet: (unit) => hevcType(unit) === HEVC_NAL_SPS,
  };
}

/** One access unit in pieces. @throws FormatError for lengths that lie */
export function accessUnit(codec: AnnexB, packet: MediaPacket): Uint8Array[] {
  const units = splitLengthPrefixed(samplePayload(packet), codec.lengthBytes).filter(
    (unit) => !codec.isDelimiter(unit),
  );
  const lacksSets = packet.keyframe && !units.some(codec.isParameterSet);
  const sets = lacksSets ? codec.parameterSets : [];
  return [codec.delimiter, ...sets, ...units].flatMap((unit) => [START_CODE, unit]);
}
