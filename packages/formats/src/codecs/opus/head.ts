import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

const SIGNATURE = 'OpusHead';
const VERSION = 1;
/** The upper four bits of the version say whether it is compatible with version 1. */
const INCOMPATIBLE_VERSION_BITS = 0xf0;
/** Opus always decodes at 48 kHz, whatever was recorded (RFC 7845, 5.1). */
export const OPUS_SAMPLE_RATE_HZ = 48_000;

/** The Opus identification header, RFC 7845, 5.1: what an Opus sequence header carries. */
export interface OpusHead {
  version: number;
  channels: number;
  /** Samples at 48 kHz to drop at the beginning. */
  preSkip: number;
  /** What was recorded, not what is decoded; 0 is unknown. */
  inputSampleRateHz: number;
  /** Q7.8 dB. */
  outputGain: number;
  mappingFamily: number;
  /** Of mapping families other than 0 (RFC 7845, 5.1.1). */
  mapping?: { streamCount: number; coupledCount: number; channels: number[] };
}

/** Little-endian, other than all else here. @throws FormatError */
export function parseOpusHead(bytes: Uint8Array): OpusHead {
  const reader = new ByteReader(bytes);
  if (reader.utf8(SIGNATURE.length) !== SIGNATURE) throw new FormatError('malformed', 'no OpusHead signature');
  const version = reader.u8();
  if ((version & INCOMPATIBLE_VERSION_BITS) !== 0) throw new FormatError('unsupported', `OpusHead version ${version}`);
  const channels = reader.u8();
  if (channels === 0) throw new FormatError('malformed', 'OpusHead without channels');
  const preSkip = reader.u16le();
  const inputSampleRateHz = reader.u32le();
  const outputGain = (reader.u16le() << 16) >> 16;
  const mappingFamily = reader.u8();
  const head = { version, channels, preSkip, inputSampleRateHz, outputGain, mappingFamily };
  if (mappingFamily === 0) return head;
  const mapping = { streamCount: reader.u8(), coupledCount: reader.u8(), channels: [...reader.bytes(channels)] };
  return { ...head, mapping };
}

/** Always written as version 1. */
export function encodeOpusHead(head: Omit<OpusHead, 'version'>): Uint8Array {
  const writer = new ByteWriter()
    .utf8(SIGNATURE)
    .u8(VERSION)
    .u8(head.channels)
    .u16le(head.preSkip)
    .u32le(head.inputSampleRateHz)
    .u16le(head.outputGain)
    .u8(head.mappingFamily);
  if (head.mappingFamily === 0) return writer.finish();
  const { mapping } = head;
  if (mapping === undefined || mapping.channels.length !== head.channels) {
    throw new FormatError('malformed', `OpusHead mapping family ${head.mappingFamily} without its mapping`);
  }
  return writer.u8(mapping.streamCount).u8(mapping.coupledCount).bytes(Uint8Array.from(mapping.channels)).finish();
}
