import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';

/** A picture has at most a slice per row of macroblocks and a few parameter sets and SEI. */
const MAX_UNITS = 1024;
const LENGTH_BYTES = 4;

/**
 * The NAL units of an access unit as FLV and MP4 carry it (ISO/IEC 14496-15, 5.3.3.2), as views; empty ones are left out.
 * `lengthBytes` is 1, 2 or 4, as the configuration record says.
 * @throws FormatError
 */
export function splitLengthPrefixed(data: Uint8Array, lengthBytes: number): Uint8Array[] {
  const reader = new ByteReader(data);
  const units: Uint8Array[] = [];
  while (reader.remaining > 0) {
    const unit = reader.bytes(readLength(reader, lengthBytes));
    if (unit.length === 0) continue;
    if (units.length === MAX_UNITS) throw new FormatError('too_large', `more than ${MAX_UNITS} NAL units`);
    units.push(unit);
  }
  return units;
}

function readLength(reader: ByteReader, lengthBytes: number): number {
  switch (lengthBytes) {
    case 1:
      return reader.u8();
    case 2:
      return reader.u16();
    case 4:
      return reader.u32();
    default:
      throw new FormatError('unsupported', `NAL unit lengths of ${lengthBytes} bytes`);
  }
}

/** Each NAL unit after its length of four bytes. */
export function joinLengthPrefixed(units: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(units.reduce((sum, unit) => sum + LENGTH_BYTES + unit.length, 0));
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    whole.set(unit, at + LENGTH_BYTES);
    at += LENGTH_BYTES + unit.length;
  }
  return whole;
}
