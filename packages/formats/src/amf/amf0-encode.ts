import { ByteWriter, utf8Bytes } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { AMF0_MARKER, AMF0_MAX_SHORT_STRING_BYTES } from './amf0-markers.ts';
import { writeAmf3Value } from './amf3-encode.ts';
import { AMF_MAX_BYTES, AMF_MAX_DEPTH, AmfEcmaArray, AmfTypedObject, AmfUnsupported, AmfXml } from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

/**
 * The values one after another. Objects that occur twice are written twice, since most RTMP peers know no references.
 * A `Uint8Array` goes out as AMF3 behind the avmplus marker, AMF0 having no byte array.
 * @throws FormatError `too_deep` past 32 levels (so also for a value that contains itself), `too_large` past 16 MiB
 */
export function encodeAmf0(values: readonly AmfValue[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) writeValue(writer, value, 0);
  return writer.finish();
}

function writeValue(writer: ByteWriter, value: AmfValue, depth: number): void {
  if (writer.length > AMF_MAX_BYTES) throw new FormatError('too_large', `AMF0 message above ${AMF_MAX_BYTES} bytes`);
  if (typeof value === 'number') writer.u8(AMF0_MARKER.number).f64(value);
  else if (typeof value === 'boolean') writer.u8(AMF0_MARKER.boolean).u8(value ? 1 : 0);
  else if (typeof value === 'string') writeString(writer, value);
  else if (value === null) writer.u8(AMF0_MARKER.null);
  else if (value === undefined) writer.u8(AMF0_MARKER.undefined);
  else writeObject(writer, value, depth);
}

function writeObject(
  writer: ByteWriter,
  value: Exclude<AmfValue, undefined | null | number | boolean | string>,
  depth: number,
): void {
  if (value instanceof Date) writer.u8(AMF0_MARKER.date).f64(value.getTime()).i16(0);
  else if (value instanceof AmfUnsupported) writer.u8(AMF0_MARKER.unsupported);
  else if (value instanceof AmfXml)
    writeLongText(writer, AMF0_MARKER.xmlDocument, utf8Bytes(value.text, AMF_MAX_BYTES));
  else if (value instanceof Uint8Array) writeAmf3Value(writer.u8(AMF0_MARKER.avmplus), value);
  else writeContainer(writer, value, depth + 1);
}

function writeContainer(
  writer: ByteWriter,
  value: AmfObject | AmfEcmaArray | AmfTypedObject | AmfValue[],
  depth: number,
): void {
  if (depth > AMF_MAX_DEPTH) throw new FormatError('too_deep', `AMF0 nested deeper than ${AMF_MAX_DEPTH}`);
  if (Array.isArray(value)) {
    writer.u8(AMF0_MARKER.strictArray).u32(value.length);
    for (const element of value) writeValue(writer, element, depth);
  } else if (value instanceof AmfEcmaArray) {
    writer.u8(AMF0_MARKER.ecmaArray).u32(Object.keys(value.entries).length);
    writeProperties(writer, value.entries, depth);
  } else if (value instanceof AmfTypedObject) {
    writeShortText(writer.u8(AMF0_MARKER.typedObject), value.className);
    writeProperties(writer, value.properties, depth);
  } else {
    writeProperties(writer.u8(AMF0_MARKER.object), value, depth);
  }
}

function writeProperties(writer: ByteWriter, properties: AmfObject, depth: number): void {
  for (const [name, value] of Object.entries(properties)) {
    writeShortText(writer, name);
    writeValue(writer, value, depth);
  }
  writer.u16(0).u8(AMF0_MARKER.objectEnd);
}

function writeString(writer: ByteWriter, text: string): void {
  const bytes = utf8Bytes(text, AMF_MAX_BYTES);
  if (bytes.length > AMF0_MAX_SHORT_STRING_BYTES) writeLongText(writer, AMF0_MARKER.longString, bytes);
  else writer.u8(AMF0_MARKER.string).u16(bytes.length).bytes(bytes);
}

function writeLongText(writer: ByteWriter, marker: number, bytes: Uint8Array): void {
  writer.u8(marker).u32(bytes.length).bytes(bytes);
}

function writeShortText(writer: ByteWriter, text: string): void {
  const bytes = utf8Bytes(text, AMF0_MAX_SHORT_STRING_BYTES);
  writer.u16(bytes.length).bytes(bytes);
}
