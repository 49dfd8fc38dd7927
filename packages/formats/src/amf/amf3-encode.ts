import { ByteWriter, utf8Bytes } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { AMF3_MARKER, AMF3_MAX_INTEGER, AMF3_MAX_LENGTH, AMF3_MIN_INTEGER } from './amf3-markers.ts';
import { AMF_MAX_BYTES, AMF_MAX_DEPTH, AmfEcmaArray, AmfTypedObject, AmfUnsupported, AmfXml } from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

// U29O-traits (3.12) with its low bits: not an object reference, not a traits reference, not externalizable.
const TRAITS_INLINE = 0b0011;
const TRAITS_DYNAMIC = 0b1000;
const TRAITS_SEALED_SHIFT = 4;
/** UTF-8-empty (1.3.2): ends a list of named values. */
const EMPTY_STRING = 0x01;

/**
 * The values one after another, every string, object and class written out: no references.
 * @throws FormatError `too_deep` past 32 levels, `too_large` past 16 MiB, `unsupported` for what AMF3 cannot say
 */
export function encodeAmf3(values: readonly AmfValue[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) writeAmf3Value(writer, value);
  return writer.finish();
}

/** One value. `depth` is how many containers it already lies in. */
export function writeAmf3Value(writer: ByteWriter, value: AmfValue, depth: number = 0): void {
  if (writer.length > AMF_MAX_BYTES) throw new FormatError('too_large', `AMF3 message above ${AMF_MAX_BYTES} bytes`);
  if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') writer.u8(value ? AMF3_MARKER.true : AMF3_MARKER.false);
  else if (typeof value === 'string') writeText(writer.u8(AMF3_MARKER.string), value);
  else if (value === null) writer.u8(AMF3_MARKER.null);
  else if (value === undefined) writer.u8(AMF3_MARKER.undefined);
  else writeObject(writer, value, depth);
}

function writeNumber(writer: ByteWriter, value: number): void {
  const fits =
    Number.isInteger(value) && value >= AMF3_MIN_INTEGER && value <= AMF3_MAX_INTEGER && !Object.is(value, -0);
  if (fits) writeU29(writer.u8(AMF3_MARKER.integer), value & 0x1fff_ffff);
  else writer.u8(AMF3_MARKER.double).f64(value);
}

function writeObject(
  writer: ByteWriter,
  value: Exclude<AmfValue, undefined | null | number | boolean | string>,
  depth: number,
): void {
  if (value instanceof Date) writeU29(writer.u8(AMF3_MARKER.date), 1).f64(value.getTime());
  else if (value instanceof AmfXml) writeText(writer.u8(AMF3_MARKER.xml), value.text);
  else if (value instanceof Uint8Array) writeLength(writer.u8(AMF3_MARKER.byteArray), value.length).bytes(value);
  else if (value instanceof AmfUnsupported) throw new FormatError('unsupported', 'AMF3 has no unsupported marker');
  else writeContainer(writer, value, depth + 1);
}

function writeContainer(
  writer: ByteWriter,
  value: AmfObject | AmfEcmaArray | AmfTypedObject | AmfValue[],
  depth: number,
): void {
  if (depth > AMF_MAX_DEPTH) throw new FormatError('too_deep', `AMF3 nested deeper than ${AMF_MAX_DEPTH}`);
  if (Array.isArray(value)) {
    writeLength(writer.u8(AMF3_MARKER.array), value.length).u8(EMPTY_STRING);
    for (const element of value) writeAmf3Value(writer, element, depth);
  } else if (value instanceof AmfEcmaArray) {
    if ('' in value.entries) throw new FormatError('unsupported', 'AMF3 array entry with an empty name');
    writeLength(writer.u8(AMF3_MARKER.array), 0);
    writeNamedValues(writer, value.entries, depth);
  } else if (value instanceof AmfTypedObject) {
    writeFields(writer, { className: value.className, fields: value.properties, depth });
  } else {
    writeFields(writer, { className: '', fields: value, depth });
  }
}

/** Dynamic members, unless one has the empty name, which would end them: then all are sealed. */
function writeFields(writer: ByteWriter, object: { className: string; fields: AmfObject; depth: number }): void {
  const { className, fields, depth } = object;
  writer.u8(AMF3_MARKER.object);
  if (!('' in fields)) {
    writeText(writeU29(writer, TRAITS_INLINE | TRAITS_DYNAMIC), className);
    writeNamedValues(writer, fields, depth);
    return;
  }
  const names = Object.keys(fields);
  writeText(writeU29(writer, TRAITS_INLINE | (names.length << TRAITS_SEALED_SHIFT)), className);
  for (const name of names) writeText(writer, name);
  for (const value of Object.values(fields)) writeAmf3Value(writer, value, depth);
}

function writeNamedValues(writer: ByteWriter, values: AmfObject, depth: number): void {
  for (const [name, value] of Object.entries(values)) {
    writeText(writer, name);
    writeAmf3Value(writer, value, depth);
  }
  writer.u8(EMPTY_STRING);
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = utf8Bytes(text, AMF_MAX_BYTES);
  writeLength(writer, bytes.length).bytes(bytes);
}

/** A length, with the low bit that says "not a reference" (1.3.2). */
function writeLength(writer: ByteWriter, length: number): ByteWriter {
  if (length > AMF3_MAX_LENGTH) throw new FormatError('too_large', `AMF3 length ${length}`);
  return writeU29(writer, (length << 1) | 1);
}

/** 1.3.1: one to four bytes, the fourth with all eight bits. */
function writeU29(writer: ByteWriter, value: number): ByteWriter {
  if (value < 0x80) return writer.u8(value);
  if (value < 0x4000) return writer.u8((value >> 7) | 0x80).u8(value & 0x7f);
  if (value < 0x20_0000)
    return writer
      .u8((value >> 14) | 0x80)
      .u8(((value >> 7) & 0x7f) | 0x80)
      .u8(value & 0x7f);
  return writer
    .u8((value >> 22) | 0x80)
    .u8(((value >> 15) & 0x7f) | 0x80)
    .u8(((value >> 8) & 0x7f) | 0x80)
    .u8(value & 0xff);
}
