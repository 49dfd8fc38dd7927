import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { AMF0_MARKER } from './amf0-markers.ts';
import { readAmf3Value } from './amf3-decode.ts';
import { Nesting, ReferenceTable } from './nesting.ts';
import { AMF_MAX_BYTES, AmfEcmaArray, AmfTypedObject, AmfUnsupported, AmfXml, createAmfObject } from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

type Complex = AmfObject | AmfEcmaArray | AmfTypedObject | AmfValue[];

/**
 * All values of a message, in order (AMF0 specification, "amf0-file-format-spec.pdf"). References are resolved; a value
 * behind the avmplus marker is read as AMF3, and only that value (E-RTMP v2, "Action Message Format").
 * @throws FormatError
 */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] {
  if (bytes.length > AMF_MAX_BYTES) throw new FormatError('too_large', `AMF0 message of ${bytes.length} bytes`);
  const decoder = new Amf0Decoder(bytes);
  const values: AmfValue[] = [];
  while (decoder.remaining > 0) values.push(decoder.value());
  return values;
}

class Amf0Decoder {
  readonly #reader: ByteReader;
  readonly #nesting = new Nesting();
  readonly #references: ReferenceTable<Complex>;

  constructor(bytes: Uint8Array) {
    const reader = new ByteReader(bytes);
    this.#reader = reader;
    this.#references = new ReferenceTable(this.#nesting, () => reader.position);
  }

  get remaining(): number {
    return this.#reader.remaining;
  }

  value(): AmfValue {
    return this.#valueOf(this.#reader.u8());
  }

  #valueOf(marker: number): AmfValue {
    const reader = this.#reader;
    this.#nesting.count(1);
    switch (marker) {
      case AMF0_MARKER.number:
        return reader.f64();
      case AMF0_MARKER.boolean:
        return reader.u8() !== 0;
      case AMF0_MARKER.string:
        return reader.utf8(reader.u16());
      case AMF0_MARKER.object:
        return this.#references.fill(createAmfObject(), (object) => this.#properties(object));
      case AMF0_MARKER.null:
        return null;
      case AMF0_MARKER.undefined:
        return undefined;
      case AMF0_MARKER.reference:
        return this.#references.resolve(reader.u16());
      case AMF0_MARKER.ecmaArray:
        return this.#ecmaArray();
      case AMF0_MARKER.strictArray:
        return this.#references.fill<AmfValue[]>([], (array) => this.#elements(array));
      case AMF0_MARKER.date:
        return this.#date();
      case AMF0_MARKER.longString:
        return reader.utf8(reader.u32());
      case AMF0_MARKER.unsupported:
        return new AmfUnsupported();
      case AMF0_MARKER.xmlDocument:
        return new AmfXml(reader.utf8(reader.u32()));
      case AMF0_MARKER.typedObject:
        return this.#typedObject();
      case AMF0_MARKER.avmplus:
        return readAmf3Value(reader, this.#nesting);
      default:
        throw new FormatError('malformed', `AMF0 marker 0x${marker.toString(16)} begins no value`);
    }
  }

  /** Name and value pairs up to the empty name and the object end marker (2.5, 2.11). */
  #properties(into: AmfObject): void {
    for (;;) {
      const name = this.#reader.utf8(this.#reader.u16());
      const marker = this.#reader.u8();
      if (name === '' && marker === AMF0_MARKER.objectEnd) return;
      into[name] = this.#valueOf(marker);
    }
  }

  /** 2.10. The count is a hint that muxers get wrong, the end marker is what ends it; but it cannot exceed the bytes. */
  #ecmaArray(): AmfEcmaArray {
    this.#expectRoomFor(this.#reader.u32());
    return this.#references.fill(new AmfEcmaArray(createAmfObject()), (array) => this.#properties(array.entries));
  }

  /** 2.12. */
  #elements(into: AmfValue[]): void {
    const count = this.#reader.u32();
    this.#expectRoomFor(count);
    for (let index = 0; index < count; index += 1) into.push(this.value());
  }

  /** 2.13: milliseconds since the epoch, UTC, then a time zone that "should be set to 0x0000" and is not used. */
  #date(): Date {
    const date = new Date(this.#reader.f64());
    this.#reader.i16();
    return date;
  }

  /** 2.18. */
  #typedObject(): AmfTypedObject {
    const className = this.#reader.utf8(this.#reader.u16());
    return this.#references.fill(new AmfTypedObject(className, createAmfObject()), (object) =>
      this.#properties(object.properties),
    );
  }

  /** Every element takes a byte at least. */
  #expectRoomFor(count: number): void {
    if (count > this.remaining) throw new FormatError('truncated', `AMF0 array of ${count} in ${this.remaining} bytes`);
  }
}
