import { SOUND_FORMAT } from '../flv/audio-codec.ts';
import type { AudioCodec } from '../flv/audio-codec.ts';
import { parseAudioTagHeader } from '../flv/audio-header.ts';
import type { EnhancedAudioTagHeader, LegacyAudioTagHeader } from '../flv/audio-header.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { parseMultichannelConfig } from '../flv/multichannel-config.ts';
import { channelsOf, parseAudioSpecificConfig } from './aac/audio-specific-config.ts';
import { aacProfileName } from './aac/tables.ts';
import { parseFlacStreamInfo } from './flac/stream-info.ts';
import { OPUS_SAMPLE_RATE_HZ, parseOpusHead } from './opus/head.ts';

/** What a person wants to know of an audio stream. Profile in SRS's words: `LC`, `HE`, `HEv2`. */
export interface AudioInfo {
  codec: AudioCodec;
  /** As heard: with SBR, that of SBR. */
  sampleRateHz?: number;
  /** As heard. */
  channels?: number;
  profile?: string;
}

/** Rate and channels that the format fixes whatever the header's bits say (FLV specification 10.1, E.4.2.1). */
const FIXED_BY_FORMAT: ReadonlyMap<number, { sampleRateHz: number; channels: number }> = new Map([
  [SOUND_FORMAT.nellymoser16k, { sampleRateHz: 16_000, channels: 1 }],
  [SOUND_FORMAT.nellymoser8k, { sampleRateHz: 8_000, channels: 1 }],
  [SOUND_FORMAT.speex, { sampleRateHz: 16_000, channels: 1 }],
]);
/** Formats at 8 kHz, channels as the bits say. */
const EIGHT_KHZ_FORMATS: ReadonlySet<number> = new Set([SOUND_FORMAT.g711a, SOUND_FORMAT.g711u, SOUND_FORMAT.mp38k]);

/**
 * Told by a configuration packet, of its first track; for classic codecs without one, by any packet's header. Undefined
 * when the packet says nothing.
 * @throws FormatError
 */
export function describeAudioPacket(packet: MediaPacket): AudioInfo | undefined {
  if (packet.kind !== 'audio') return undefined;
  const header = parseAudioTagHeader(packet.payload);
  if (header.form === 'legacy' && header.codec !== 'aac') return describeLegacy(header);
  if (!packet.config) return undefined;
  const firstTrack = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  const record = firstTrack?.payload ?? packet.payload.subarray(header.headerBytes);
  return header.packetType === 'multichannelConfig'
    ? describeMultichannel(header, record)
    : describeRecord(header.codec, record);
}

function describeLegacy({ codec, soundFormat, sampleRateHz, channels }: LegacyAudioTagHeader): AudioInfo {
  if (EIGHT_KHZ_FORMATS.has(soundFormat)) return { codec, sampleRateHz: 8_000, channels };
  return { codec, sampleRateHz, channels, ...FIXED_BY_FORMAT.get(soundFormat) };
}

function describeMultichannel({ codec }: EnhancedAudioTagHeader | LegacyAudioTagHeader, record: Uint8Array): AudioInfo {
  return { codec, channels: parseMultichannelConfig(record).channels };
}

function describeRecord(codec: AudioCodec, record: Uint8Array): AudioInfo | undefined {
  if (codec === 'aac') return describeAac(record);
  if (codec === 'opus') return describeOpus(record);
  if (codec !== 'flac') return undefined;
  const { sampleRateHz, channels } = parseFlacStreamInfo(record);
  return { codec, sampleRateHz, channels };
}

function describeAac(record: Uint8Array): AudioInfo {
  const config = parseAudioSpecificConfig(record);
  const sampleRateHz = config.sbr?.sampleRateHz ?? config.sampleRateHz;
  return { codec: 'aac', sampleRateHz, channels: channelsOf(config), profile: aacProfileName(config) };
}

/** "If the Opus sequence start payload is empty", channels are told by MultichannelConfig, or not (E-RTMP v2). */
function describeOpus(record: Uint8Array): AudioInfo {
  const base = { codec: 'opus', sampleRateHz: OPUS_SAMPLE_RATE_HZ } as const;
  return record.length === 0 ? base : { ...base, channels: parseOpusHead(record).channels };
}
