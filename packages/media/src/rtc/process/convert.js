import {
  av1ConfigOf,
  avcConfigOf,
  encodeAudioTagHeader,
  encodeAv1Config,
  encodeAvcConfig,
  encodeHevcConfig,
  encodeOpusHead,
  encodeVideoTagHeader,
  encodeVpConfig,
  FLV_TAG_AUDIO,
  FLV_TAG_VIDEO,
  hevcConfigOf,
  joinLengthPrefixed,
  nalUnitType,
  packetFromTag,
  unpackAv1,
  unpackH264,
  unpackH265,
  unpackVp8,
  unpackVp9,
  vpConfigOf,
} from '@kaibo/formats';
/** SoundFormat and CodecID of the classic headers (FLV specification 10.1, E.4.3.1). */
const FLV_CODEC_AVC = 7;
const FOUR_CC = { h265: 'hvc1', vp8: 'vp08', vp9: 'vp09', av1: 'av01' };
const H264 = { idr: 5, sps: 7, pps: 8, aud: 9, filler: 12 };
const H265 = { firstIrap: 16, lastIrap: 21, vps: 32, sps: 33, pps: 34, aud: 35, filler: 38 };
/**
 * RTP frames of one publisher as media packets. A changed configuration (rotation, resolution) becomes a sequence header
 * before its key frame. Nothing is given before the first key frame.
 */
export class VideoConverter {
  #codec;
  #record;
  #sets = { vps: [], sps: [], pps: [] };
  constructor(codec) {
    this.#codec = codec;
  }
  /** Nothing for a frame that cannot be decoded yet. Throws FormatError. */
  convert(payloads, timeMs) {
    const frame = this.#frame(payloads);
    if (frame.payload.length === 0) return [];
    const packets = [];
    if (frame.record && !sameBytes(frame.record, this.#record)) {
      this.#record = frame.record;
      packets.push(this.#packet(frame.record, { timeMs, keyframe: true, packetType: 'sequenceStart' }));
    }
    if (this.#record)
      packets.push(this.#packet(frame.payload, { timeMs, keyframe: frame.keyframe, packetType: 'codedFrames' }));
    return packets;
  }
  #frame(payloads) {
    switch (this.#codec) {
      case 'h264':
        return this.#h264(unpackH264(payloads));
      case 'h265':
        return this.#h265(unpackH265(payloads));
      case 'vp8':
      case 'vp9': {
        const { frame, keyframe } = this.#codec === 'vp8' ? unpackVp8(payloads) : unpackVp9(payloads);
        return {
          keyframe,
          payload: frame,
          record: keyframe ? encodeVpConfig(vpConfigOf(this.#codec, frame)) : undefined,
        };
      }
      case 'av1': {
        const { frame, keyframe } = unpackAv1(payloads);
        return { keyframe, payload: frame, record: keyframe ? encodeAv1Config(av1ConfigOf(frame)) : undefined };
      }
      default:
        return this.#codec;
    }
  }
  #h264(units) {
    const sets = { vps: [], sps: [], pps: [] };
    const kept = [];
    let keyframe = false;
    for (const unit of units) {
      const type = nalUnitType(unit);
      if (type === H264.sps) sets.sps.push(unit);
      else if (type === H264.pps) sets.pps.push(unit);
      else if (type !== H264.aud && type !== H264.filler) kept.push(unit);
      if (type === H264.idr) keyframe = true;
    }
    this.#learn(sets);
    const { sps, pps } = this.#sets;
    const known = keyframe && sps.length > 0 && pps.length > 0;
    return {
      keyframe,
      payload: kept.length > 0 ? joinLengthPrefixed(kept) : new Uint8Array(),
      record: known ? encodeAvcConfig(avcConfigOf(sps, pps)) : undefined,
    };
  }
  #h265(units) {
    const sets = { vps: [], sps: [], pps: [] };
    const kept = [];
    let keyframe = false;
    for (const unit of units) {
      const type = ((unit[0] ?? 0) >> 1) & 0x3f;
      if (type === H265.vps) sets.vps.push(unit);
      else if (type === H265.sps) sets.sps.push(unit);
      else if (type === H265.pps) sets.pps.push(unit);
      else if (type !== H265.aud && type !== H265.filler) kept.push(unit);
      if (type >= H265.firstIrap && type <= H265.lastIrap) keyframe = true;
    }
    this.#learn(sets);
    const known = keyframe && this.#sets.vps.length > 0 && this.#sets.sps.length > 0 && this.#sets.pps.length > 0;
    return {
      keyframe,
      payload: kept.length > 0 ? joinLengthPrefixed(kept) : new Uint8Array(),
      record: known ? encodeHevcConfig(hevcConfigOf(this.#sets)) : undefined,
    };
  }
  /** What an encoder sends once stays true until it sends another. */
  #learn({ vps, sps, pps }) {
    if (vps.length > 0) this.#sets.vps = vps;
    if (sps.length > 0) this.#sets.sps = sps;
    if (pps.length > 0) this.#sets.pps = pps;
  }
  #packet(coded, { timeMs, keyframe, packetType }) {
    const header = this.#header(keyframe, packetType);
    const body = new Uint8Array(header.length + coded.length);
    body.set(header);
    body.set(coded, header.length);
    return packetFromTag({ type: FLV_TAG_VIDEO, timestampMs: timeMs >>> 0, body });
  }
  #header(keyframe, packetType) {
    const common = { frameType: keyframe ? 'key' : 'inter', compositionTimeMs: 0, codec: this.#codec };
    if (this.#codec === 'h264')
      return encodeVideoTagHeader({ ...common, form: 'legacy', codecId: FLV_CODEC_AVC, packetType });
    return encodeVideoTagHeader({
      ...common,
      form: 'enhanced',
      packetType,
      fourCc: FOUR_CC[this.#codec],
      nanosecondOffset: 0,
    });
  }
}
const OPUS_FOUR_CC = 'Opus';
const opusHeader = (packetType) =>
  encodeAudioTagHeader({ form: 'enhanced', packetType, fourCc: OPUS_FOUR_CC, codec: 'opus', nanosecondOffset: 0 });
const OPUS_FRAME_HEADER = opusHeader('codedFrames');
/** RFC 7587: an Opus stream in RTP is always decodable as two channels at 48 kHz. */
export function opusConfig(timeMs) {
  const head = encodeOpusHead({
    channels: 2,
    preSkip: 0,
    inputSampleRateHz: 48_000,
    outputGain: 0,
    mappingFamily: 0,
  });
  return audioPacket(opusHeader('sequenceStart'), head, timeMs);
}
export function opusFrame(payload, timeMs) {
  return audioPacket(OPUS_FRAME_HEADER, payload, timeMs);
}
function audioPacket(header, coded, timeMs) {
  const body = new Uint8Array(header.length + coded.length);
  body.set(header);
  body.set(coded, header.length);
  return packetFromTag({ type: FLV_TAG_AUDIO, timestampMs: timeMs >>> 0, body });
}
function sameBytes(a, b) {
  return b !== undefined && Buffer.compare(a, b) === 0;
}
