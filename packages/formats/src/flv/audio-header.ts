import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { AUDIO_CODEC_BY_FORMAT, audioCodecOf, SOUND_FORMAT } from './audio-codec.ts';
import type { AudioCodec } from './audio-codec.ts';
import { readFourCc, readModEx, readMultitrackByte, readTracks } from './enhanced.ts';
import type { MultitrackType } from './enhanced.ts';

/** AudioPacketType by number; 3 is reserved, 5 and 7 say that the real packet type comes later. */
export const AUDIO_PACKET_TYPES = [
  'sequenceStart',
  'codedFrames',
  'sequenceEnd',
  undefined,
  'multichannelConfig',
] as const;
export type AudioPacketType = NonNullable<(typeof AUDIO_PACKET_TYPES)[number]>;
export const AUDIO_PACKET_MULTITRACK = 5;
export const AUDIO_PACKET_MOD_EX = 7;
/** AACPacketType by number (FLV specification 10.1, E.4.2.1). */
export const AAC_PACKET_TYPES = ['sequenceStart', 'codedFrames'] as const;
/** SoundRate by number, Hz. */
export const SOUND_RATES_HZ = [5512, 11025, 22050, 44100] as const;

export interface AudioTrack {
  trackId: number;
  fourCc: string;
  codec: AudioCodec;
  /** The codec's bytes, a view of the tag body. */
  payload: Uint8Array;
}

interface AudioTagHeaderBase {
  codec: AudioCodec;
  /** Where the codec's bytes begin in the tag body; with several tracks, the first one's. */
  headerBytes: number;
}

/** The header of the FLV specification 10.1, E.4.2.1. AAC, Nellymoser and Speex fix rate and channels whatever the bits say. */
export interface LegacyAudioTagHeader extends AudioTagHeaderBase {
  form: 'legacy';
  packetType: 'sequenceStart' | 'codedFrames';
  soundFormat: number;
  /** What the two rate bits say. */
  sampleRateHz: (typeof SOUND_RATES_HZ)[number];
  sampleBits: 8 | 16;
  channels: 1 | 2;
}

/** The header of E-RTMP v2, "Enhanced Audio". */
export interface EnhancedAudioTagHeader extends AudioTagHeaderBase {
  form: 'enhanced';
  packetType: AudioPacketType;
  /** Left out by tracks that have one each. */
  fourCc?: string;
  /** To be added to the presentation time, ns. The specification allows up to 999,999; what came is not checked. */
  nanosecondOffset: number;
  multitrack?: { type: MultitrackType; tracks: AudioTrack[] };
}

export type AudioTagHeader = LegacyAudioTagHeader | EnhancedAudioTagHeader;

/**
 * The header of an audio tag's body, in either form.
 * @throws FormatError `truncated`; `unsupported` for reserved packet and multitrack types
 */
export function parseAudioTagHeader(body: Uint8Array): AudioTagHeader {
  const reader = new ByteReader(body);
  const first = reader.u8();
  const soundFormat = first >> 4;
  return soundFormat === SOUND_FORMAT.exHeader ? readEnhanced(reader, first & 0x0f, body) : readLegacy(reader, first);
}

function readLegacy(reader: ByteReader, first: number): LegacyAudioTagHeader {
  const soundFormat = first >> 4;
  const base = {
    form: 'legacy',
    soundFormat,
    codec: AUDIO_CODEC_BY_FORMAT.get(soundFormat) ?? 'unknown',
    sampleRateHz: SOUND_RATES_HZ[(first >> 2) & 3] ?? SOUND_RATES_HZ[0],
    sampleBits: (first & 2) === 0 ? 8 : 16,
    channels: (first & 1) === 0 ? 1 : 2,
  } as const;
  if (soundFormat !== SOUND_FORMAT.aac) return { ...base, packetType: 'codedFrames', headerBytes: reader.position };
  const packetNumber = reader.u8();
  const packetType = AAC_PACKET_TYPES[packetNumber];
  if (packetType === undefined) throw new FormatError('unsupported', `AAC packet type ${packetNumber}`);
  return { ...base, packetType, headerBytes: reader.position };
}

function readEnhanced(reader: ByteReader, firstPacketType: number, body: Uint8Array): EnhancedAudioTagHeader {
  let packetNumber = firstPacketType;
  let nanosecondOffset = 0;
  if (packetNumber === AUDIO_PACKET_MOD_EX) {
    const modified = readModEx(reader, AUDIO_PACKET_MOD_EX);
    packetNumber = modified.packetType;
    nanosecondOffset = modified.nanosecondOffset;
  }
  const base = { form: 'enhanced', nanosecondOffset } as const;
  if (packetNumber === AUDIO_PACKET_MULTITRACK) return { ...base, ...readMultitrack(reader, body) };
  const packetType = packetTypeOf(packetNumber);
  const fourCc = readFourCc(reader);
  return { ...base, packetType, fourCc, codec: audioCodecOf(fourCc), headerBytes: reader.position };
}

function readMultitrack(
  reader: ByteReader,
  body: Uint8Array,
): Omit<EnhancedAudioTagHeader, 'form' | 'nanosecondOffset'> {
  const { type, packetType: packetNumber } = readMultitrackByte(reader);
  const packetType = packetTypeOf(packetNumber);
  const fourCc = type === 'manyTracksManyCodecs' ? undefined : readFourCc(reader);
  const tracks = readTracks(reader, type, fourCc).map((raw) => {
    return { trackId: raw.trackId, fourCc: raw.fourCc, codec: audioCodecOf(raw.fourCc), payload: raw.body };
  });
  const [first] = tracks;
  if (first === undefined) throw new Error('assertion: a multitrack body has a track');
  const headerBytes = first.payload.byteOffset - body.byteOffset;
  return { packetType, fourCc, codec: first.codec, headerBytes, multitrack: { type, tracks } };
}

function packetTypeOf(packetNumber: number): AudioPacketType {
  const packetType = AUDIO_PACKET_TYPES[packetNumber];
  if (packetType === undefined) throw new FormatError('unsupported', `audio packet type ${packetNumber}`);
  return packetType;
}
