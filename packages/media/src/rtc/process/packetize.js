import {
  nalReferenceIdc,
  nalUnitType,
  packAv1,
  packH264,
  packH265,
  packVp8,
  packVp9,
  parseAvcConfig,
  parseHevcConfig,
  parseVideoTagHeader,
  RTP_HEADER_BYTES,
  splitLengthPrefixed,
} from '@kaibo/formats';
/** With its header 1,200 bytes: fits an IPv6 path of 1,280 with UDP and SRTP around it. */
const MAX_PAYLOAD_BYTES = 1188;
const PACK = { maxPayloadBytes: MAX_PAYLOAD_BYTES, headroomBytes: RTP_HEADER_BYTES };
/** In packetization mode 0 a NAL unit is one packet, which the network cuts where it has to. */
const MAX_WHOLE_UNIT_BYTES = 60_000;
const H264_AUD = 9;
const H264_SPS = 7;
const H264_FILLER = 12;
const H265_VPS = 32;
const H265_PPS = 34;
const H265_AUD = 35;
const H265_FILLER = 38;
/** Codecs of `MediaPacket` that RTP can carry here. */
export function rtpVideoCodec({ codec }) {
  switch (codec) {
    case 'h264':
    case 'h265':
    case 'vp8':
    case 'vp9':
    case 'av1':
      return codec;
    default:
      return undefined;
  }
}
/**
 * One stream's video frames as RTP payloads (RFC 6184, 7798, 7741, 9628, AOM's AV1 payload). Takes configurations as
 * they come, and puts parameter sets before each key frame that has none.
 */
export class VideoPacketizer {
  #mode;
  #lengthBytes = 4;
  #parameterSets = [];
  #pictureId = 0;
  /** profile_idc of the configuration; undefined for other codecs. */
  h264Profile;
  /** `mode` is H.264's packetization mode (RFC 6184, 6.2, 6.3). */
  constructor(mode) {
    this.#mode = mode;
  }
  /** Throws FormatError. */
  configure(packet) {
    const record = codedBytes(packet);
    this.h264Profile = undefined;
    this.#parameterSets = [];
    if (packet.codec === 'h264') {
      const { sps, pps, nalLengthBytes, profileIdc } = parseAvcConfig(record);
      this.#lengthBytes = nalLengthBytes;
      this.#parameterSets = [...sps, ...pps];
      this.h264Profile = profileIdc;
    } else if (packet.codec === 'h265') {
      const { arrays, nalLengthBytes } = parseHevcConfig(record);
      this.#lengthBytes = nalLengthBytes;
      this.#parameterSets = arrays.flatMap(({ units }) => units);
    }
  }
  /** The payloads of one frame, each behind room for an RTP header. Throws FormatError. */
  frame(packet) {
    const coded = codedBytes(packet);
    const { keyframe } = packet;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    switch (packet.codec) {
      case 'h264':
        return packH264(this.#units(coded, { keyframe, isSet: isH264Set, isNoise: isH264Noise }), {
          ...PACK,
          mode: this.#mode,
          maxPayloadBytes: this.#mode === 0 ? MAX_WHOLE_UNIT_BYTES : MAX_PAYLOAD_BYTES,
        });
      case 'h265':
        return packH265(this.#units(coded, { keyframe, isSet: isH265Set, isNoise: isH265Noise }), PACK);
      case 'vp8':
        return packVp8(coded, { ...PACK, pictureId: this.#pictureId });
      case 'vp9':
        return packVp9(coded, { ...PACK, pictureId: this.#pictureId, keyframe });
      case 'av1':
        return packAv1(coded, { ...PACK, keyframe });
      default:
        return [];
    }
  }
  /** Whether no other H.264 frame builds on this one. */
  isDisposable(packet) {
    if (packet.codec !== 'h264' || packet.keyframe) return false;
    const slices = splitLengthPrefixed(codedBytes(packet), this.#lengthBytes).filter((unit) => nalUnitType(unit) <= 5);
    return slices.length > 0 && slices.every((unit) => nalReferenceIdc(unit) === 0);
  }
  #units(coded, kinds) {
    const units = splitLengthPrefixed(coded, this.#lengthBytes).filter((unit) => !kinds.isNoise(unit));
    return kinds.keyframe && !units.some(kinds.isSet) ? [...this.#parameterSets, ...units] : units;
  }
}
/** The codec's own bytes, of the first track. */
export function codedBytes({ payload }) {
  const header = parseVideoTagHeader(payload);
  const track = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return track?.payload ?? payload.subarray(header.headerBytes);
}
const isH264Set = (unit) => nalUnitType(unit) === H264_SPS;
const isH264Noise = (unit) => {
  const type = nalUnitType(unit);
  return type === H264_AUD || type === H264_FILLER || unit.length === 0;
};
const h265Type = (unit) => ((unit[0] ?? 0) >> 1) & 0x3f;
const isH265Set = (unit) => h265Type(unit) >= H265_VPS && h265Type(unit) <= H265_PPS;
const isH265Noise = (unit) => {
  const type = h265Type(unit);
  return type === H265_AUD || type === H265_FILLER || unit.length === 0;
};
