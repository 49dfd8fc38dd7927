import type { MediaPacket } from '../flv/media-packet.ts';
import type { VideoCodec } from '../flv/video-codec.ts';
import { parseVideoTagHeader } from '../flv/video-header.ts';
import { parseAv1Config } from './av1/config.ts';
import { av1LevelName, av1ProfileName } from './av1/names.ts';
import { findAv1SequenceHeader } from './av1/sequence-header.ts';
import { parseAvcConfig } from './h264/config.ts';
import { h264LevelName, h264ProfileName } from './h264/names.ts';
import { parseH264Sps } from './h264/sps.ts';
import { HEVC_NAL_SPS, parseHevcConfig } from './h265/config.ts';
import { h265LevelName, h265ProfileName } from './h265/names.ts';
import { parseH265Sps } from './h265/sps.ts';
import { parseVpConfig } from './vpx/config.ts';

/** What a person wants to know of a video stream. Profile and level in SRS's words: `High`, `3.1`. */
export interface VideoInfo {
  codec: VideoCodec;
  profile?: string;
  level?: string;
  /** Shown size in pixels. */
  width?: number;
  height?: number;
}

/**
 * Told by a configuration packet (`packet.config`), of its first track. Undefined for other packets, and for codecs
 * whose configuration is not read here.
 * @throws FormatError
 */
export function describeVideoConfig(packet: MediaPacket): VideoInfo | undefined {
  if (packet.kind !== 'video' || !packet.config) return undefined;
  const header = parseVideoTagHeader(packet.payload);
  if (header.packetType !== 'sequenceStart') return undefined;
  const firstTrack = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  const record = firstTrack?.payload ?? packet.payload.subarray(header.headerBytes);
  if (header.codec === 'h264') return describeAvc(record);
  if (header.codec === 'h265') return describeHevc(record);
  if (header.codec === 'av1') return describeAv1(record);
  if (header.codec === 'vp8' || header.codec === 'vp9') return describeVpx(header.codec, record);
  return undefined;
}

function describeAvc(record: Uint8Array): VideoInfo {
  const config = parseAvcConfig(record);
  const named = {
    codec: 'h264',
    profile: h264ProfileName(config.profileIdc),
    level: h264LevelName(config.levelIdc),
  } as const;
  const [sps] = config.sps;
  return sps === undefined ? named : { ...named, ...sizeOf(parseH264Sps(sps)) };
}

function describeHevc(record: Uint8Array): VideoInfo {
  const config = parseHevcConfig(record);
  const named = {
    codec: 'h265',
    profile: h265ProfileName(config.profileIdc),
    level: h265LevelName(config.levelIdc),
  } as const;
  const sps = config.arrays.find((array) => array.nalUnitType === HEVC_NAL_SPS)?.units[0];
  return sps === undefined ? named : { ...named, ...sizeOf(parseH265Sps(sps)) };
}

/** ffmpeg may start AV1 with an empty record: the sequence header is in the first key frame as well. */
function describeAv1(record: Uint8Array): VideoInfo {
  if (record.length === 0) return { codec: 'av1' };
  const config = parseAv1Config(record);
  const named = {
    codec: 'av1',
    profile: av1ProfileName(config.seqProfile),
    level: av1LevelName(config.seqLevelIdx0),
  } as const;
  const sequence = findAv1SequenceHeader(config.configObus);
  return sequence === undefined ? named : { ...named, ...sizeOf(sequence) };
}

/** The record says no size. An empty one is a stream whose key frames say it all. Profile by number, as vpcC has it. */
function describeVpx(codec: 'vp8' | 'vp9', record: Uint8Array): VideoInfo {
  if (record.length === 0) return { codec };
  const { profile, level } = parseVpConfig(record);
  const named = { codec, profile: String(profile) } as const;
  return level === 0 ? named : { ...named, level: (level / 10).toFixed(1) };
}

function sizeOf({ width, height }: { width: number; height: number }): { width: number; height: number } {
  return { width, height };
}
