import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { readFourCc, readModEx, readMultitrackByte, readTracks } from './enhanced.ts';
import type { MultitrackType } from './enhanced.ts';
import { hasAvcPacketType, VIDEO_CODEC_BY_ID, videoCodecOf } from './video-codec.ts';
import type { VideoCodec } from './video-codec.ts';

/** IsExVideoHeader: the top bit of the first byte (E-RTMP v2, "Enhanced Video"). */
export const EX_VIDEO_HEADER_BIT = 0x80;

/** VideoFrameType, in the order of its numbers. 0, 6 and 7 are reserved. */
export const VIDEO_FRAME_TYPES = [
  'reserved0',
  'key',
  'inter',
  'disposableInter',
  'generatedKey',
  'command',
  'reserved6',
  'reserved7',
] as const;
export type VideoFrameType = (typeof VIDEO_FRAME_TYPES)[number];

/** VideoPacketType by number. 6 and 7 say that the real packet type comes later. */
export const VIDEO_PACKET_TYPES = [
  'sequenceStart',
  'codedFrames',
  'sequenceEnd',
  'codedFramesX',
  'metadata',
  'mpeg2tsSequenceStart',
] as const;
export type VideoPacketType = (typeof VIDEO_PACKET_TYPES)[number];
export const VIDEO_PACKET_MULTITRACK = 6;
export const VIDEO_PACKET_MOD_EX = 7;
/** AVCPacketType by number (FLV specification 10.1, E.4.3.1). */
export const AVC_PACKET_TYPES = ['sequenceStart', 'codedFrames', 'sequenceEnd'] as const;

export interface VideoTrack {
  trackId: number;
  fourCc: string;
  codec: VideoCodec;
  compositionTimeMs: number;
  /** The codec's bytes, a view of the tag body. */
  payload: Uint8Array;
}

interface VideoTagHeaderBase {
  frameType: VideoFrameType;
  codec: VideoCodec;
  /** Presentation minus decoding time: -2^23 to 2^23 - 1. */
  compositionTimeMs: number;
  /** Where the codec's bytes begin in the tag body; with several tracks, the first one's. */
  headerBytes: number;
  /** Only with frame type `command`: 0 is the start, 1 the end of a client-side seek. */
  command?: number;
}

/** The header of the FLV specification 10.1, E.4.3.1. */
export interface LegacyVideoTagHeader extends VideoTagHeaderBase {
  form: 'legacy';
  codecId: number;
  packetType: 'sequenceStart' | 'codedFrames' | 'sequenceEnd';
}

/** The header of E-RTMP v2, "Enhanced Video". */
export interface EnhancedVideoTagHeader extends VideoTagHeaderBase {
  form: 'enhanced';
  packetType: VideoPacketType;
  /** Left out by a command frame, and by tracks that have one each. */
  fourCc?: string;
  /** To be added to the presentation time, ns. The specification allows up to 999,999; what came is not checked. */
  nanosecondOffset: number;
  multitrack?: { type: MultitrackType; tracks: VideoTrack[] };
}

export type VideoTagHeader = LegacyVideoTagHeader | EnhancedVideoTagHeader;

/**
 * The header of a video tag's body, in either form.
 * @throws FormatError `truncated`; `unsupported` for reserved frame, packet and multitrack types
 */
export function parseVideoTagHeader(body: Uint8Array): VideoTagHeader {
  const reader = new ByteReader(body);
  const first = reader.u8();
  const frameType = VIDEO_FRAME_TYPES[(first >> 4) & 0x07] ?? 'reserved0';
  const low = first & 0x0f;
  return (first & EX_VIDEO_HEADER_BIT) === 0 ? readLegacy(reader, frameType, low) : readEnhanced(body, frameType, low);
}

function readLegacy(reader: ByteReader, frameType: VideoFrameType, codecId: number): LegacyVideoTagHeader {
  expectKnown(frameType);
  const codec = VIDEO_CODEC_BY_ID.get(codecId) ?? 'unknown';
  const header = {
    form: 'legacy',
    frameType,
    codecId,
    codec,
    packetType: 'codedFrames',
    compositionTimeMs: 0,
  } as const;
  if (frameType === 'command') return { ...header, command: reader.u8(), headerBytes: reader.position };
  if (!hasAvcPacketType(codecId)) return { ...header, headerBytes: reader.position };
  const packetNumber = reader.u8();
  const packetType = AVC_PACKET_TYPES[packetNumber];
  if (packetType === undefined) throw new FormatError('unsupported', `AVC packet type ${packetNumber}`);
  const compositionTimeMs = reader.i24();
  return { ...header, packetType, compositionTimeMs, headerBytes: reader.position };
}

function readEnhanced(body: Uint8Array, frameType: VideoFrameType, firstPacketType: number): EnhancedVideoTagHeader {
  const reader = new ByteReader(body);
  reader.skip(1); // read by the caller
  let packetNumber = firstPacketType;
  let nanosecondOffset = 0;
  if (packetNumber === VIDEO_PACKET_MOD_EX) {
    const modified = readModEx(reader, VIDEO_PACKET_MOD_EX);
    packetNumber = modified.packetType;
    nanosecondOffset = modified.nanosecondOffset;
  }
  const base = { form: 'enhanced', frameType, nanosecondOffset } as const;
  const isMetadata = VIDEO_PACKET_TYPES[packetNumber] === 'metadata';
  if (frameType === 'command' && !isMetadata) return readCommand(reader, base, packetNumber);
  if (packetNumber === VIDEO_PACKET_MULTITRACK) return readMultitrack(reader, base, body);
  const packetType = packetTypeOf(packetNumber);
  if (packetType !== 'metadata') expectKnown(frameType);
  const fourCc = readFourCc(reader);
  const codec = videoCodecOf(fourCc);
  const compositionTimeMs = readCompositionTime(reader, codec, packetType);
  return { ...base, packetType, fourCc, codec, compositionTimeMs, headerBytes: reader.position };
}

type EnhancedBase = Pick<EnhancedVideoTagHeader, 'form' | 'frameType' | 'nanosecondOffset'>;

/** A command frame has no codec and no payload, only the command; its packet type says nothing, but is kept. */
function readCommand(reader: ByteReader, base: EnhancedBase, packetNumber: number): EnhancedVideoTagHeader {
  const packetType = VIDEO_PACKET_TYPES[packetNumber] ?? 'codedFrames';
  const command = reader.u8();
  return { ...base, packetType, codec: 'unknown', compositionTimeMs: 0, command, headerBytes: reader.position };
}

function readMultitrack(reader: ByteReader, base: EnhancedBase, body: Uint8Array): EnhancedVideoTagHeader {
  const { type, packetType: packetNumber } = readMultitrackByte(reader);
  const packetType = packetTypeOf(packetNumber);
  if (packetType !== 'metadata') expectKnown(base.frameType);
  const fourCc = type === 'manyTracksManyCodecs' ? undefined : readFourCc(reader);
  const tracks = readTracks(reader, type, fourCc).map((raw) => {
    const codec = videoCodecOf(raw.fourCc);
    const trackReader = new ByteReader(raw.body);
    const compositionTimeMs = readCompositionTime(trackReader, codec, packetType);
    return { trackId: raw.trackId, fourCc: raw.fourCc, codec, compositionTimeMs, payload: trackReader.rest() };
  });
  return { ...base, packetType, fourCc, ...ofFirstTrack(tracks, body), multitrack: { type, tracks } };
}

/** With several tracks the header speaks of the first. Its payload is a view of the body, so its place is known. */
function ofFirstTrack(
  tracks: VideoTrack[],
  body: Uint8Array,
): Pick<VideoTagHeader, 'codec' | 'compositionTimeMs' | 'headerBytes'> {
  const [first] = tracks;
  if (first === undefined) throw new Error('assertion: a multitrack body has a track');
  const headerBytes = first.payload.byteOffset - body.byteOffset;
  return { codec: first.codec, compositionTimeMs: first.compositionTimeMs, headerBytes };
}

/** CodedFrames of the H.26x family carry an SI24 composition time; CodedFramesX and the other codecs none. */
function readCompositionTime(reader: ByteReader, codec: VideoCodec, packetType: VideoPacketType): number {
  return hasCompositionTime(codec, packetType) ? reader.i24() : 0;
}

export function hasCompositionTime(codec: string, packetType: VideoPacketType): boolean {
  return packetType === 'codedFrames' && (codec === 'h264' || codec === 'h265' || codec === 'h266');
}

function packetTypeOf(packetNumber: number): VideoPacketType {
  const packetType = VIDEO_PACKET_TYPES[packetNumber];
  if (packetType === undefined) throw new FormatError('unsupported', `video packet type ${packetNumber}`);
  return packetType;
}

function expectKnown(frameType: VideoFrameType): void {
  if (frameType.startsWith('reserved')) throw new FormatError('unsupported', `video frame type ${frameType}`);
}
