import { ByteReader } from '../bytes/byte-reader.ts';
import type { AudioCodec } from './audio-codec.ts';
import { parseAudioTagHeader } from './audio-header.ts';
import { FLV_TAG_AUDIO, FLV_TAG_SCRIPT, FLV_TAG_VIDEO } from './tag.ts';
import type { FlvTag } from './tag.ts';
import type { VideoCodec } from './video-codec.ts';
import { parseVideoTagHeader } from './video-header.ts';
import type { VideoTagHeader } from './video-header.ts';

/** One access unit, audio frame, configuration or script message. The one currency inside the media server. */
export interface MediaPacket {
  kind: 'video' | 'audio' | 'data';
  /** With multitrack, the first track's. */
  codec: VideoCodec | AudioCodec | 'script' | 'unknown';
  /** The tag's time: unsigned 32 bits, wraps after 49.7 days. */
  dtsMs: number;
  /** `dtsMs` plus the composition time; may be negative or above 32 bits. */
  ptsMs: number;
  /** A video access unit a decoder can start at. Never a configuration, a command frame or audio. */
  keyframe: boolean;
  /** Decoder configuration: sequence header, SequenceStart, MPEG2TSSequenceStart, MultichannelConfig. */
  config: boolean;
  /** End of sequence. */
  end: boolean;
  /** The enhanced video Metadata packet (colour info), or the script message onMetaData. */
  metadata: boolean;
  multitrack: boolean;
  /** Audio in another codec than was published, made by the server for viewers of that codec. The wire does not tell. */
  alternate: boolean;
  /** The FLV tag body, its header included. */
  payload: Uint8Array;
}

/** `onMetaData` as the AMF0 string a script body begins with; `@setDataFrame` may stand before it, as RTMP publishers send it. */
const METADATA_NAMES: ReadonlySet<string> = new Set(['onMetaData', '@setDataFrame']);
const AMF0_STRING_MARKER = 0x02;
const LONGEST_METADATA_NAME_BYTES = 13;

/**
 * The wire to the currency: reads the header at the beginning of the tag's body, and keeps no state.
 * @throws FormatError for an empty or truncated audio or video header, or a reserved type in it
 */
export function packetFromTag(tag: FlvTag): MediaPacket {
  switch (tag.type) {
    case FLV_TAG_VIDEO:
      return videoPacket(tag);
    case FLV_TAG_AUDIO:
      return audioPacket(tag);
    case FLV_TAG_SCRIPT:
      return scriptPacket(tag);
  }
}

/** The currency to the wire. */
export function tagFromPacket(packet: MediaPacket): FlvTag {
  return { type: TAG_TYPES[packet.kind], timestampMs: packet.dtsMs, body: packet.payload };
}

const TAG_TYPES = { video: FLV_TAG_VIDEO, audio: FLV_TAG_AUDIO, data: FLV_TAG_SCRIPT } as const;

function videoPacket(tag: FlvTag): MediaPacket {
  const header = parseVideoTagHeader(tag.body);
  return {
    kind: 'video',
    codec: header.codec,
    dtsMs: tag.timestampMs,
    ptsMs: tag.timestampMs + header.compositionTimeMs,
    keyframe: isKeyframe(header),
    config:
      !isCommand(header) && (header.packetType === 'sequenceStart' || header.packetType === 'mpeg2tsSequenceStart'),
    end: !isCommand(header) && header.packetType === 'sequenceEnd',
    metadata: header.packetType === 'metadata',
    multitrack: header.form === 'enhanced' && header.multitrack !== undefined,
    alternate: false,
    payload: tag.body,
  };
}

function isKeyframe(header: VideoTagHeader): boolean {
  const coded = header.packetType === 'codedFrames' || header.packetType === 'codedFramesX';
  return coded && (header.frameType === 'key' || header.frameType === 'generatedKey');
}

function isCommand(header: VideoTagHeader): boolean {
  return header.command !== undefined;
}

function audioPacket(tag: FlvTag): MediaPacket {
  const header = parseAudioTagHeader(tag.body);
  return {
    kind: 'audio',
    codec: header.codec,
    dtsMs: tag.timestampMs,
    ptsMs: tag.timestampMs,
    keyframe: false,
    config: header.packetType === 'sequenceStart' || header.packetType === 'multichannelConfig',
    end: header.packetType === 'sequenceEnd',
    metadata: false,
    multitrack: header.form === 'enhanced' && header.multitrack !== undefined,
    alternate: false,
    payload: tag.body,
  };
}

function scriptPacket(tag: FlvTag): MediaPacket {
  return {
    kind: 'data',
    codec: 'script',
    dtsMs: tag.timestampMs,
    ptsMs: tag.timestampMs,
    keyframe: false,
    config: false,
    end: false,
    metadata: METADATA_NAMES.has(scriptName(tag.body)),
    multitrack: false,
    alternate: false,
    payload: tag.body,
  };
}

/** The name a script body begins with, when it begins with one that matters; the rest is not looked at. */
function scriptName(body: Uint8Array): string {
  const reader = new ByteReader(body);
  if (reader.remaining < 3 || reader.u8() !== AMF0_STRING_MARKER) return '';
  const nameBytes = reader.u16();
  return nameBytes > LONGEST_METADATA_NAME_BYTES || nameBytes > reader.remaining ? '' : reader.utf8(nameBytes);
}
