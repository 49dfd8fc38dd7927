import { parseAudioTagHeader } from '../flv/audio-header.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { FormatError } from '../bytes/format-error.ts';
import { parseVideoTagHeader } from '../flv/video-header.ts';
import { channelsOf, parseAudioSpecificConfig } from '../codecs/aac/audio-specific-config.ts';
import { av1ConfigOf } from '../codecs/av1/config-of.ts';
import { encodeAv1Config, parseAv1Config } from '../codecs/av1/config.ts';
import { findAv1SequenceHeader } from '../codecs/av1/sequence-header.ts';
import { encodeFlacStreamInfo, parseFlacStreamInfo } from '../codecs/flac/stream-info.ts';
import { parseAvcConfig } from '../codecs/h264/config.ts';
import { parseH264Sps } from '../codecs/h264/sps.ts';
import { encodeHevcConfig, HEVC_NAL_SPS, parseHevcConfig } from '../codecs/h265/config.ts';
import { parseH265Sps } from '../codecs/h265/sps.ts';
import { parseMp3FrameHeader } from '../codecs/mp3/frame-header.ts';
import { OPUS_SAMPLE_RATE_HZ, parseOpusHead } from '../codecs/opus/head.ts';
import type { OpusHead } from '../codecs/opus/head.ts';
import { parseVp8KeyFrame } from '../codecs/vp8/key-frame.ts';
import { parseVp9KeyFrame } from '../codecs/vp9/frame-header.ts';
import { vpConfigOf } from '../codecs/vpx/config-of.ts';
import { encodeVpConfig, parseVpConfig } from '../codecs/vpx/config.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { box, fullBox } from './box.ts';
import { aacCodecString, av1CodecString, avcCodecString, hevcCodecString, vpCodecString } from './codec-string.ts';
import { encodeDecoderConfig, OBJECT_TYPE_AAC } from './descriptor.ts';
import type { DecoderConfig } from './descriptor.ts';
import { audioSampleEntry, visualSampleEntry } from './sample-entry.ts';
import { samplePayload } from './sample-payload.ts';

/** Video time in MP4: milliseconds are 90 of these each, so they lose nothing. */
export const VIDEO_TIMESCALE = 90_000;
const MAX_SIDE_PIXELS = 0xffff;
const AAC_FRAME_SAMPLES = 1024;
const AAC_SHORT_FRAME_SAMPLES = 960;
const PCM_BITS = 16;
// objectTypeIndication (ISO/IEC 14496-1, table 5).
const OBJECT_TYPE_MPEG2_AUDIO = 0x69;
const OBJECT_TYPE_MPEG1_AUDIO = 0x6b;
/** What an Opus stream without identification header is taken for: stereo, nothing to drop. */
const OPUS_WITHOUT_HEAD: Omit<OpusHead, 'version'> = {
  channels: 2,
  preSkip: 0,
  inputSampleRateHz: OPUS_SAMPLE_RATE_HZ,
  outputGain: 0,
  mappingFamily: 0,
};

/** One track of an MP4, as its decoder configuration makes it. */
export interface Mp4Track {
  kind: 'video' | 'audio';
  codec: 'avc' | 'hevc' | 'av1' | 'vp8' | 'vp9' | 'aac' | 'opus' | 'mp3' | 'flac';
  /** RFC 6381: `avc1.64001f`, `hvc1.1.6.L93.B0`, `av01.0.04M.08`, `mp4a.40.2`, `opus`. */
  codecString: string;
  /** Ticks a second: 90000 for video; for audio the rate that frames are counted at, with HE-AAC that of its core. */
  timescale: number;
  /** Shown size in pixels, of video. */
  width?: number;
  height?: number;
  /** As heard, of audio. */
  sampleRateHz?: number;
  channels?: number;
  /** Samples of each audio frame at `timescale`; absent where each packet says it (Opus). */
  frameSamples?: number;
  /** The box in `stsd`: avc1, hvc1, av01, vp08, vp09, mp4a, Opus or fLaC, with the codec's own box in it. */
  sampleEntry: Uint8Array;
}

/**
 * What a configuration packet says, of its first track. VP8, VP9, and AV1 with an empty record (as ffmpeg may start it),
 * do not say all there: the size, or everything, is in a key frame. Without `keyframe` VP8 and VP9 are given a size of 0.
 * @throws FormatError `unsupported` for a codec that MP4 cannot carry, and for a packet that is no configuration
 */
export function videoTrackOf(config: MediaPacket, keyframe?: MediaPacket): Mp4Track {
  const header = parseVideoTagHeader(config.payload);
  if (config.kind !== 'video' || header.command !== undefined || header.packetType !== 'sequenceStart') {
    throw new FormatError('unsupported', 'a packet that is no video configuration');
  }
  const record = samplePayload(config);
  const frame = keyframe && samplePayload(keyframe);
  switch (header.codec) {
    case 'h264':
      return avcTrack(record);
    case 'h265':
      return hevcTrack(record);
    case 'av1':
      return av1Track(record, frame);
    case 'vp8':
    case 'vp9':
      return vpTrack(header.codec, record, frame);
    default:
      throw new FormatError('unsupported', `${header.codec} in MP4`);
  }
}

function videoTrack(
  track: Pick<Mp4Track, 'codec' | 'codecString'>,
  entry: { type: string; width: number; height: number; config: Uint8Array },
): Mp4Track {
  const { type, width, height, config } = entry;
  if (Math.max(width, height) > MAX_SIDE_PIXELS) throw new FormatError('too_large', `picture of ${width} x ${height}`);
  const sampleEntry = visualSampleEntry(type, { width, height, config });
  return { kind: 'video', ...track, timescale: VIDEO_TIMESCALE, width, height, sampleEntry };
}

function avcTrack(record: Uint8Array): Mp4Track {
  const avc = parseAvcConfig(record);
  const [sps] = avc.sps;
  if (sps === undefined) throw new FormatError('unsupported', 'H.264 with its parameter sets in band only');
  const { width, height } = parseH264Sps(sps);
  const config = box('avcC', record);
  return videoTrack({ codec: 'avc', codecString: avcCodecString(avc) }, { type: 'avc1', width, height, config });
}

/** Written anew: encoders send records of the draft, whose version is 0. */
function hevcTrack(record: Uint8Array): Mp4Track {
  const hevc = parseHevcConfig(record);
  const sps = hevc.arrays.find((array) => array.nalUnitType === HEVC_NAL_SPS)?.units[0];
  if (sps === undefined) throw new FormatError('unsupported', 'H.265 with its parameter sets in band only');
  const { width, height } = parseH265Sps(sps);
  const config = box('hvcC', encodeHevcConfig(hevc));
  return videoTrack({ codec: 'hevc', codecString: hevcCodecString(hevc) }, { type: 'hvc1', width, height, config });
}

function av1Track(record: Uint8Array, keyframe: Uint8Array | undefined): Mp4Track {
  const av1 = record.length === 0 && keyframe !== undefined ? av1ConfigOf(keyframe) : parseAv1Config(record);
  const sequence = findAv1SequenceHeader(av1.configObus) ?? (keyframe && findAv1SequenceHeader(keyframe));
  if (sequence === undefined) throw new FormatError('unsupported', 'AV1 with its sequence header in band only');
  const { width, height } = sequence;
  const config = box('av1C', encodeAv1Config(av1));
  return videoTrack({ codec: 'av1', codecString: av1CodecString(av1) }, { type: 'av01', width, height, config });
}

function vpTrack(codec: 'vp8' | 'vp9', record: Uint8Array, keyframe: Uint8Array | undefined): Mp4Track {
  const vp = record.length === 0 && keyframe !== undefined ? vpConfigOf(codec, keyframe) : parseVpConfig(record);
  const type = codec === 'vp8' ? 'vp08' : 'vp09';
  const { width, height } = vpSize(codec, keyframe);
  const config = box('vpcC', encodeVpConfig(vp));
  return videoTrack({ codec, codecString: vpCodecString(type, vp) }, { type, width, height, config });
}

function vpSize(codec: 'vp8' | 'vp9', keyframe: Uint8Array | undefined): { width: number; height: number } {
  if (keyframe === undefined) return { width: 0, height: 0 };
  return codec === 'vp8' ? parseVp8KeyFrame(keyframe) : parseVp9KeyFrame(keyframe);
}

/**
 * What a configuration packet says, of its first track; of MP3, which has none, what any of its packets says.
 * @throws FormatError `unsupported` for a codec that MP4 cannot carry, and for a packet that is no configuration
 */
export function audioTrackOf(config: MediaPacket): Mp4Track {
  const header = parseAudioTagHeader(config.payload);
  if (config.kind !== 'audio') throw new FormatError('unsupported', 'a packet that is no audio');
  if (header.codec === 'mp3' && header.packetType === 'codedFrames') return mp3Track(samplePayload(config));
  if (header.packetType !== 'sequenceStart')
    throw new FormatError('unsupported', 'a packet that is no audio configuration');
  const record = samplePayload(config);
  switch (header.codec) {
    case 'aac':
      return aacTrack(record);
    case 'opus':
      return opusTrack(record);
    case 'flac':
      return flacTrack(record);
    default:
      throw new FormatError('unsupported', `${header.codec} in MP4`);
  }
}

function aacTrack(record: Uint8Array): Mp4Track {
  const aac = parseAudioSpecificConfig(record);
  const channels = channelsOf(aac);
  if (channels === undefined || aac.sampleRateHz === 0)
    throw new FormatError('malformed', 'AAC without rate or channels');
  const sampleRateHz = aac.sbr?.sampleRateHz ?? aac.sampleRateHz;
  const entry = {
    channels,
    sampleRateHz,
    sampleBits: PCM_BITS,
    config: esdsBox({ objectType: OBJECT_TYPE_AAC, specificInfo: record }),
  };
  return {
    kind: 'audio',
    codec: 'aac',
    codecString: aacCodecString(aac),
    timescale: aac.sampleRateHz,
    sampleRateHz,
    channels,
    frameSamples: aac.frameLength960 ? AAC_SHORT_FRAME_SAMPLES : AAC_FRAME_SAMPLES,
    sampleEntry: audioSampleEntry('mp4a', entry),
  };
}

function opusTrack(record: Uint8Array): Mp4Track {
  const head = record.length === 0 ? OPUS_WITHOUT_HEAD : parseOpusHead(record);
  const { channels } = head;
  const entry = { channels, sampleRateHz: OPUS_SAMPLE_RATE_HZ, sampleBits: PCM_BITS, config: opusSpecificBox(head) };
  return {
    kind: 'audio',
    codec: 'opus',
    codecString: 'opus',
    timescale: OPUS_SAMPLE_RATE_HZ,
    sampleRateHz: OPUS_SAMPLE_RATE_HZ,
    channels,
    sampleEntry: audioSampleEntry('Opus', entry),
  };
}

/** OpusSpecificBox ("Encapsulation of Opus in ISO Base Media File Format", 4.3.2): OpusHead, big-endian, version 0. */
function opusSpecificBox(head: Omit<OpusHead, 'version'>): Uint8Array {
  const writer = new ByteWriter()
    .u8(0) // Version
    .u8(head.channels)
    .u16(head.preSkip)
    .u32(head.inputSampleRateHz)
    .i16(head.outputGain)
    .u8(head.mappingFamily);
  if (head.mapping !== undefined) {
    writer.u8(head.mapping.streamCount).u8(head.mapping.coupledCount).bytes(Uint8Array.from(head.mapping.channels));
  }
  return box('dOps', writer.finish());
}

function flacTrack(record: Uint8Array): Mp4Track {
  const info = parseFlacStreamInfo(record);
  if (info.sampleRateHz === 0) throw new FormatError('malformed', 'FLAC without a sample rate');
  const { sampleRateHz, channels, bitsPerSample: sampleBits } = info;
  // "Encapsulation of FLAC in ISO Base Media File Format", 3.3.2: the metadata blocks without the signature.
  const config = fullBox('dfLa', { version: 0, flags: 0 }, encodeFlacStreamInfo(info).subarray(4));
  return {
    kind: 'audio',
    codec: 'flac',
    codecString: 'flac',
    timescale: sampleRateHz,
    sampleRateHz,
    channels,
    frameSamples: info.maxBlockSamples,
    sampleEntry: audioSampleEntry('fLaC', { channels, sampleRateHz, sampleBits, config }),
  };
}

function mp3Track(frame: Uint8Array): Mp4Track {
  const { version, sampleRateHz, channels, samples } = parseMp3FrameHeader(frame);
  const objectType = version === '1' ? OBJECT_TYPE_MPEG1_AUDIO : OBJECT_TYPE_MPEG2_AUDIO;
  const entry = { channels, sampleRateHz, sampleBits: PCM_BITS, config: esdsBox({ objectType }) };
  return {
    kind: 'audio',
    codec: 'mp3',
    codecString: `mp4a.${objectType.toString(16).toUpperCase()}`,
    timescale: sampleRateHz,
    sampleRateHz,
    channels,
    frameSamples: samples,
    sampleEntry: audioSampleEntry('mp4a', entry),
  };
}

/** ESDBox, ISO/IEC 14496-14, 6.7.2. */
function esdsBox(config: DecoderConfig): Uint8Array {
  return fullBox('esds', { version: 0, flags: 0 }, encodeDecoderConfig(config));
}
