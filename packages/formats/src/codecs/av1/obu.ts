import { ByteReader } from '../../bytes/byte-reader.ts';
import type { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

// OBU types (AV1 specification 6.2.2).
export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_FRAME = 6;
export const OBU_TILE_LIST = 8;
export const OBU_PADDING = 15;

const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;
const FORBIDDEN = 0x80;
const MAX_LEB128_BYTES = 8;
/** A configuration record has a sequence header and at most a few metadata OBUs; a temporal unit, a few hundred tiles. */
export const MAX_OBUS = 1024;

/** An open bitstream unit. */
export interface Obu {
  type: number;
  /** The extension header's byte: temporal and spatial id. */
  extension?: number;
  /** A view. */
  payload: Uint8Array;
}

/** The OBUs one after another (5.3). One without a size reaches to the end. @throws FormatError */
export function parseObus(bytes: Uint8Array): Obu[] {
  const reader = new ByteReader(bytes);
  const obus: Obu[] = [];
  while (reader.remaining > 0) {
    if (obus.length === MAX_OBUS) throw new FormatError('too_large', `more than ${MAX_OBUS} OBUs`);
    obus.push(readObu(reader));
  }
  return obus;
}

function readObu(reader: ByteReader): Obu {
  const header = reader.u8();
  if ((header & FORBIDDEN) !== 0) throw new FormatError('malformed', 'obu_forbidden_bit is set');
  const extension = (header & HAS_EXTENSION) === 0 ? undefined : reader.u8(); // temporal_id, spatial_id
  const size = (header & HAS_SIZE) === 0 ? reader.remaining : readLeb128(reader);
  const obu = { type: (header >> 3) & 0x0f, payload: reader.bytes(size) };
  return extension === undefined ? obu : { ...obu, extension };
}

/** obu_header(), 5.3.2, of an OBU that says its size or does not: one byte or two. */
export function obuHeader({ type, extension }: Obu, { sized }: { sized: boolean }): number[] {
  const first = (type << 3) | (sized ? HAS_SIZE : 0);
  return extension === undefined ? [first] : [first | HAS_EXTENSION, extension];
}

/** In low-overhead form: with its size. */
export function writeObu(writer: ByteWriter, obu: Obu): void {
  for (const byte of obuHeader(obu, { sized: true })) writer.u8(byte);
  for (const byte of leb128(obu.payload.length)) writer.u8(byte);
  writer.bytes(obu.payload);
}

/** 4.10.5, in as few bytes as it takes. */
export function leb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** 4.10.5: seven bits a byte, lowest first, at most eight bytes and 32 bits. */
export function readLeb128(reader: ByteReader): number {
  let value = 0;
  for (let index = 0; index < MAX_LEB128_BYTES; index += 1) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (index * 7);
    if (byte < 0x80) {
      if (value > 0xffff_ffff) throw new FormatError('malformed', 'leb128 above 32 bits');
      return value;
    }
  }
  throw new FormatError('malformed', 'leb128 longer than 8 bytes');
}
