import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { describeAudioPacket } from '../codecs/describe-audio.ts';
import { describeVideoConfig } from '../codecs/describe-video.ts';
import type { AudioCodec } from '../flv/audio-codec.ts';
import { parseAudioTagHeader } from '../flv/audio-header.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import type { VideoCodec } from '../flv/video-codec.ts';
import { parseVideoTagHeader } from '../flv/video-header.ts';

/** Element IDs (RFC 8794, RFC 9559 section 5), their marker bits included. */
const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  defaultDuration: 0x23e383,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  displayUnit: 0x54b2,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

/** A live segment does not know its size (RFC 8794, section 6.2): eight bytes, all ones. */
const UNKNOWN_SIZE = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const MS_IN_NS = 1_000_000;
/** DisplayUnit: the shown size is the decoder's business, which knows of sample aspect ratios. */
const DISPLAY_UNIT_UNKNOWN = 4;
const TRACK_NUMBERS = { video: 1, audio: 2 } as const;
const KEYFRAME_FLAG = 0x80;

/** Matroska codec mappings (draft-ietf-cellar-codec). VP8 and VP9 have no CodecPrivate. */
const VIDEO_CODECS: Partial<Record<VideoCodec, { id: string; hasPrivate: boolean }>> = {
  h264: { id: 'V_MPEG4/ISO/AVC', hasPrivate: true },
  h265: { id: 'V_MPEGH/ISO/HEVC', hasPrivate: true },
  av1: { id: 'V_AV1', hasPrivate: true },
  vp9: { id: 'V_VP9', hasPrivate: false },
  vp8: { id: 'V_VP8', hasPrivate: false },
};
const AUDIO_CODECS: Partial<Record<AudioCodec, string>> = { aac: 'A_AAC', opus: 'A_OPUS' };

export interface MatroskaTracks {
  /** Configuration packets, as FLV carries them; of several tracks the first counts. At least one. */
  video?: MediaPacket;
  audio?: MediaPacket;
  /** Pictures a second, where that is known; no picture is held to it. */
  fps?: number;
}

/** Whether Matroska as it is written here carries the codec. */
export function matroskaCarries({ kind, codec }: Pick<MediaPacket, 'kind' | 'codec'>): boolean {
  return codec in (kind === 'video' ? VIDEO_CODECS : AUDIO_CODECS);
}

/**
 * What stands before the first frame of a live Matroska file (RFC 9559): header, information, tracks. Its times are ms.
 * @throws FormatError for a configuration that cannot be read, `unsupported` for a codec that is not carried
 */
export function encodeMatroskaHeader({ video, audio, fps }: MatroskaTracks): Uint8Array {
  const ebml = element(
    ID.ebml,
    text(ID.docType, 'matroska'),
    uint(ID.docTypeVersion, 4),
    uint(ID.docTypeReadVersion, 2),
  );
  const info = element(
    ID.info,
    uint(ID.timestampScale, MS_IN_NS),
    text(ID.muxingApp, 'kaibo'),
    text(ID.writingApp, 'kaibo'),
  );
  const tracks = element(ID.tracks, ...(video ? [videoTrack(video, fps)] : []), ...(audio ? [audioTrack(audio)] : []));
  const segment = new ByteWriter().u32(ID.segment).bytes(UNKNOWN_SIZE).finish();
  return concat([ebml, segment, info, tracks]);
}

/**
 * A frame in a cluster of its own, so that a reader need not wait for the next one. `timeMs` is when it is shown: not
 * negative.
 * @throws FormatError when the packet's header cannot be read
 */
export function encodeMatroskaFrame(packet: MediaPacket, timeMs: number): Uint8Array {
  const isVideo = packet.kind === 'video';
  const data = isVideo ? videoData(packet.payload) : audioData(packet.payload);
  const flags = packet.keyframe || !isVideo ? KEYFRAME_FLAG : 0;
  const block = new ByteWriter(data.length + 4)
    .u8(0x80 | (isVideo ? TRACK_NUMBERS.video : TRACK_NUMBERS.audio))
    .i16(0)
    .u8(flags)
    .bytes(data)
    .finish();
  return element(ID.cluster, uint(ID.timestamp, timeMs), element(ID.simpleBlock, block));
}

function videoTrack(config: MediaPacket, fps: number | undefined): Uint8Array {
  const header = parseVideoTagHeader(config.payload);
  const codec = VIDEO_CODECS[header.codec];
  if (codec === undefined) throw new FormatError('unsupported', `${header.codec} in Matroska`);
  const { width = 0, height = 0 } = describeVideoConfig(config) ?? {};
  const record = videoData(config.payload);
  return element(
    ID.trackEntry,
    ...trackHead(TRACK_NUMBERS.video, codec.id),
    ...(codec.hasPrivate && record.length > 0 ? [element(ID.codecPrivate, record)] : []),
    ...(fps !== undefined && fps > 0 ? [uint(ID.defaultDuration, Math.round((1000 * MS_IN_NS) / fps))] : []),
    element(
      ID.video,
      uint(ID.pixelWidth, width),
      uint(ID.pixelHeight, height),
      uint(ID.displayUnit, DISPLAY_UNIT_UNKNOWN),
    ),
  );
}

function audioTrack(config: MediaPacket): Uint8Array {
  const header = parseAudioTagHeader(config.payload);
  const codecId = AUDIO_CODECS[header.codec];
  if (codecId === undefined) throw new FormatError('unsupported', `${header.codec} in Matroska`);
  const { sampleRateHz = 48_000, channels = 2 } = describeAudioPacket(config) ?? {};
  return element(
    ID.trackEntry,
    ...trackHead(TRACK_NUMBERS.audio, codecId),
    element(ID.codecPrivate, audioData(config.payload)),
    element(
      ID.audio,
      element(ID.samplingFrequency, new ByteWriter().f64(sampleRateHz).finish()),
      uint(ID.channels, channels),
    ),
  );
}

/** The track's number is its type as well: 1 is video, 2 is audio. */
function trackHead(number: number, codecId: string): Uint8Array[] {
  return [
    uint(ID.trackNumber, number),
    uint(ID.trackUid, number),
    uint(ID.trackType, number),
    uint(ID.flagLacing, 0),
    text(ID.codecId, codecId),
  ];
}

function videoData(body: Uint8Array): Uint8Array {
  const header = parseVideoTagHeader(body);
  const first = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return first?.payload ?? body.subarray(header.headerBytes);
}

function audioData(body: Uint8Array): Uint8Array {
  const header = parseAudioTagHeader(body);
  const first = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return first?.payload ?? body.subarray(header.headerBytes);
}

function element(id: number, ...parts: Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const writer = new ByteWriter(bytes + 12);
  writeId(writer, id);
  writeSize(writer, bytes);
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

function uint(id: number, value: number): Uint8Array {
  return element(
    id,
    new ByteWriter()
      .u32(Math.floor(value / 2 ** 32))
      .u32(value)
      .finish(),
  );
}

function text(id: number, value: string): Uint8Array {
  return element(id, new ByteWriter().utf8(value).finish());
}

function writeId(writer: ByteWriter, id: number): void {
  if (id > 0xffffff) writer.u32(id);
  else if (id > 0xffff) writer.u24(id);
  else if (id > 0xff) writer.u16(id);
  else writer.u8(id);
}

/** RFC 8794, section 4: a marker bit, then the size in what is left. No element here is 256 MiB. */
function writeSize(writer: ByteWriter, bytes: number): void {
  if (bytes < 0x7f) writer.u8(0x80 | bytes);
  else if (bytes < 0x3fff) writer.u16(0x4000 | bytes);
  else writer.u32(0x1000_0000 | bytes);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}
