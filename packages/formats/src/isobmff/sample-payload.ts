import { SOUND_FORMAT } from '../flv/audio-codec.ts';
import { AUDIO_PACKET_TYPES, parseAudioTagHeader } from '../flv/audio-header.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import {
  EX_VIDEO_HEADER_BIT,
  hasCompositionTime,
  parseVideoTagHeader,
  VIDEO_PACKET_TYPES,
} from '../flv/video-header.ts';
import { hasAvcPacketType } from '../flv/video-codec.ts';
import { FormatError } from '../bytes/format-error.ts';

/** FrameType and CodecID, AVCPacketType, CompositionTime (FLV specification 10.1, E.4.3.1). */
const CLASSIC_VIDEO_HEADER_BYTES = 5;
/** SoundFormat and AACPacketType (E.4.2.1). */
const CLASSIC_AAC_HEADER_BYTES = 2;
/** The packet type and the FourCC (E-RTMP v2, "Enhanced Video", "Enhanced Audio"). */
const ENHANCED_HEADER_BYTES = 5;
const COMPOSITION_TIME_BYTES = 3;
/** VideoFrameType of a client-side seek, which is no picture (E.4.3.1). */
const FRAME_TYPE_COMMAND = 5;

/** Whether a packet is a coded frame: no configuration, end, metadata, command or script data. */
export function isSample({ kind, config, end, metadata, payload }: MediaPacket): boolean {
  if (kind === 'data' || config || end || metadata) return false;
  return kind === 'audio' || (((payload[0] ?? 0) >> 4) & 0x07) !== FRAME_TYPE_COMMAND;
}

/**
 * A packet's frame (or configuration record) as an MP4 sample has it: a view, without the FLV header; with multitrack,
 * the first track's.
 * @throws FormatError for data, and for a header that is cut off
 */
export function samplePayload(packet: MediaPacket): Uint8Array {
  const { payload } = packet;
  if (packet.kind === 'data') throw new FormatError('unsupported', 'script data is no sample');
  const headerBytes = packet.kind === 'video' ? plainVideoHeaderBytes(packet) : plainAudioHeaderBytes(packet);
  if (headerBytes !== undefined && headerBytes <= payload.length) return payload.subarray(headerBytes);
  return packet.kind === 'video' ? parsedVideoSample(payload) : parsedAudioSample(payload);
}

/** Of headers without multitrack or ModEx, which are nearly all: nothing has to be parsed, nothing made. */
function plainVideoHeaderBytes({ payload, codec }: MediaPacket): number | undefined {
  const first = payload[0] ?? 0;
  if ((first & EX_VIDEO_HEADER_BIT) === 0) return hasAvcPacketType(first & 0x0f) ? CLASSIC_VIDEO_HEADER_BYTES : 1;
  const packetType = VIDEO_PACKET_TYPES[first & 0x0f];
  if (packetType === undefined || codec === 'unknown') return undefined;
  const isTimed = hasCompositionTime(codec, packetType);
  return ENHANCED_HEADER_BYTES + (isTimed ? COMPOSITION_TIME_BYTES : 0);
}

function plainAudioHeaderBytes({ payload }: MediaPacket): number | undefined {
  const first = payload[0] ?? 0;
  const soundFormat = first >> 4;
  if (soundFormat === SOUND_FORMAT.aac) return CLASSIC_AAC_HEADER_BYTES;
  if (soundFormat !== SOUND_FORMAT.exHeader) return 1;
  return AUDIO_PACKET_TYPES[first & 0x0f] === undefined ? undefined : ENHANCED_HEADER_BYTES;
}

function parsedVideoSample(payload: Uint8Array): Uint8Array {
  const header = parseVideoTagHeader(payload);
  const track = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return track?.payload ?? payload.subarray(header.headerBytes);
}

function parsedAudioSample(payload: Uint8Array): Uint8Array {
  const header = parseAudioTagHeader(payload);
  const track = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return track?.payload ?? payload.subarray(header.headerBytes);
}
