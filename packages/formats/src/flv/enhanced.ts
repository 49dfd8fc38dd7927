import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';

// What the enhanced video and audio headers share: FourCC, ModEx and multitrack (E-RTMP v2, "Enhanced Audio",
// "Enhanced Video").

/** The data of ModEx packets of this type is a nanosecond offset of 24 bits. */
const MOD_EX_TIMESTAMP_OFFSET_NANO = 0;
/** "Storing values up to 999,999 ns." */
export const MAX_NANOSECOND_OFFSET = 999_999;
/** A modExDataSize byte of 255 (size 256) says that the size is in the 16 bits that follow. */
const MOD_EX_SIZE_ESCAPE = 0xff;
/** No packet needs more modifiers than this; the specification defines one. */
export const MAX_MOD_EX_PER_PACKET = 16;
const FOUR_CC_BYTES = 4;
/** Track ids are 8 bits. */
export const MAX_TRACKS = 256;

/** AvMultitrackType, in the order of its numbers. */
const MULTITRACK_TYPES = ['oneTrack', 'manyTracks', 'manyTracksManyCodecs'] as const;
export type MultitrackType = (typeof MULTITRACK_TYPES)[number];

/** Reads ModEx packets until another packet type follows. */
export function readModEx(reader: ByteReader, modExType: number): { packetType: number; nanosecondOffset: number } {
  let nanosecondOffset = 0;
  for (let count = 0; count < MAX_MOD_EX_PER_PACKET; count += 1) {
    const sizeByte = reader.u8();
    const data = reader.bytes(sizeByte === MOD_EX_SIZE_ESCAPE ? reader.u16() + 1 : sizeByte + 1);
    const types = reader.u8();
    if (types >> 4 === MOD_EX_TIMESTAMP_OFFSET_NANO) nanosecondOffset = nanosecondsOf(data);
    const packetType = types & 0x0f;
    if (packetType !== modExType) return { packetType, nanosecondOffset };
  }
  throw new FormatError('too_large', `more than ${MAX_MOD_EX_PER_PACKET} ModEx in one packet`);
}

function nanosecondsOf(data: Uint8Array): number {
  const [high, middle, low] = data;
  if (high === undefined || middle === undefined || low === undefined) {
    throw new FormatError('malformed', 'ModEx nanosecond offset of less than 3 bytes');
  }
  return (high << 16) | (middle << 8) | low;
}

/** Writes the ModEx packet of a nanosecond offset, and the packet type behind it. */
export function writeNanosecondOffset(writer: ByteWriter, nanoseconds: number, packetType: number): void {
  if (nanoseconds > MAX_NANOSECOND_OFFSET) throw new FormatError('too_large', `nanosecond offset ${nanoseconds}`);
  writer
    .u8(3 - 1)
    .u24(nanoseconds)
    .u8((MOD_EX_TIMESTAMP_OFFSET_NANO << 4) | packetType);
}

export function readFourCc(reader: ByteReader): string {
  return String.fromCharCode(reader.u8(), reader.u8(), reader.u8(), reader.u8());
}

export function writeFourCc(writer: ByteWriter, fourCc: string): void {
  if (fourCc.length !== FOUR_CC_BYTES) throw new FormatError('malformed', `FourCC "${fourCc}"`);
  for (let index = 0; index < FOUR_CC_BYTES; index += 1) writer.u8(fourCc.charCodeAt(index));
}

/** Reads the byte that says how many tracks and codecs there are, and what kind of packet each track has. */
export function readMultitrackByte(reader: ByteReader): { type: MultitrackType; packetType: number } {
  const byte = reader.u8();
  const type = MULTITRACK_TYPES[byte >> 4];
  if (type === undefined) throw new FormatError('unsupported', `multitrack type ${byte >> 4}`);
  return { type, packetType: byte & 0x0f };
}

export function writeMultitrackByte(writer: ByteWriter, type: MultitrackType, packetType: number): void {
  writer.u8((MULTITRACK_TYPES.indexOf(type) << 4) | packetType);
}

/** Where a track begins: its codec, its id, and its bytes. */
export interface RawTrack {
  fourCc: string;
  trackId: number;
  body: Uint8Array;
}

/** Reads the tracks of a multitrack body. `fourCc` is the codec they share, unless they have one each. */
export function readTracks(reader: ByteReader, type: MultitrackType, sharedFourCc: string | undefined): RawTrack[] {
  const tracks: RawTrack[] = [];
  do {
    if (tracks.length === MAX_TRACKS) throw new FormatError('too_large', `more than ${MAX_TRACKS} tracks`);
    const fourCc = sharedFourCc ?? readFourCc(reader);
    const trackId = reader.u8();
    const body = type === 'oneTrack' ? reader.rest() : reader.bytes(reader.u24());
    tracks.push({ fourCc, trackId, body });
  } while (reader.remaining > 0);
  return tracks;
}

/** Writes one track up to its body. */
export function writeTrackHeader(
  writer: ByteWriter,
  type: MultitrackType,
  track: { fourCc: string; trackId: number; bodyBytes: number },
): void {
  if (type === 'manyTracksManyCodecs') writeFourCc(writer, track.fourCc);
  writer.u8(track.trackId);
  if (type !== 'oneTrack') writer.u24(track.bodyBytes);
}
