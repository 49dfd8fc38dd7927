import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { AMF3_MARKER } from './amf3-markers.ts';
import { Nesting, ReferenceTable } from './nesting.ts';
import { AMF_MAX_BYTES, AmfEcmaArray, AmfTypedObject, AmfXml, createAmfObject } from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

type Complex = AmfObject | AmfEcmaArray | AmfTypedObject | AmfXml | Date | Uint8Array | AmfValue[];

/** 3.10: milliseconds as a double. */
const DATE_BYTES = 8;

interface Traits {
  className: string;
  dynamic: boolean;
  sealed: string[];
  /** Bytes the names take, which every object that refers to these traits repeats. */
  costBytes: number;
}

/**
 * All values of a message, in order (AMF3 specification, "amf3-file-format-spec.pdf"), with one set of reference tables.
 * Vectors, dictionaries and externalizable classes are FormatError `unsupported`: no RTMP command carries them.
 * @throws FormatError
 */
export function decodeAmf3(bytes: Uint8Array): AmfValue[] {
  if (bytes.length > AMF_MAX_BYTES) throw new FormatError('too_large', `AMF3 message of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  const decoder = new Amf3Decoder(reader, new Nesting());
  const values: AmfValue[] = [];
  while (reader.remaining > 0) values.push(decoder.value());
  return values;
}

/** One value with reference tables of its own, inside a message whose bounds it shares. */
export function readAmf3Value(reader: ByteReader, nesting: Nesting): AmfValue {
  return new Amf3Decoder(reader, nesting).value();
}

class Amf3Decoder {
  readonly #reader: ByteReader;
  readonly #nesting: Nesting;
  readonly #objects: ReferenceTable<Complex>;
  readonly #strings: { text: string; bytes: number }[] = [];
  readonly #traits: Traits[] = [];

  constructor(reader: ByteReader, nesting: Nesting) {
    this.#reader = reader;
    this.#nesting = nesting;
    this.#objects = new ReferenceTable(nesting, () => reader.position);
  }

  value(): AmfValue {
    this.#nesting.count(1);
    const marker = this.#reader.u8();
    switch (marker) {
      case AMF3_MARKER.undefined:
        return undefined;
      case AMF3_MARKER.null:
        return null;
      case AMF3_MARKER.false:
        return false;
      case AMF3_MARKER.true:
        return true;
      case AMF3_MARKER.integer:
        return (this.#u29() << 3) >> 3;
      case AMF3_MARKER.double:
        return this.#reader.f64();
      case AMF3_MARKER.string:
        return this.#string();
      case AMF3_MARKER.xmlDocument:
      case AMF3_MARKER.xml:
        return this.#referable((length) => this.#objects.add(new AmfXml(this.#reader.utf8(length)), length));
      case AMF3_MARKER.date:
        return this.#referable(() => this.#objects.add(new Date(this.#reader.f64()), DATE_BYTES));
      case AMF3_MARKER.array:
        return this.#referable((count) => this.#array(count));
      case AMF3_MARKER.object:
        return this.#referable((flags) => this.#object(flags));
      case AMF3_MARKER.byteArray:
        return this.#referable((length) => this.#objects.add(this.#reader.bytes(length).slice(), length));
      default:
        throw unknownMarker(marker);
    }
  }

  /** 1.3.1: seven bits a byte, high bit "more follows", except that the fourth byte has all eight. */
  #u29(): number {
    let value = 0;
    for (let count = 0; count < 3; count += 1) {
      const byte = this.#reader.u8();
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#reader.u8();
  }

  /** 1.3.2: an index into the string table when the low bit is 0, else a length. The empty string is never referred to. */
  #string(): string {
    const header = this.#u29();
    if ((header & 1) === 0) return this.#referencedString(header >> 1);
    const length = header >> 1;
    const text = this.#reader.utf8(length);
    if (length > 0) this.#strings.push({ text, bytes: length });
    return text;
  }

  #referencedString(index: number): string {
    const entry = this.#strings[index];
    if (entry === undefined) throw new FormatError('malformed', `AMF3 string reference ${index} to nothing`);
    this.#nesting.charge(entry.bytes);
    return entry.text;
  }

  /** Objects, arrays, dates, XML and byte arrays share one table; the low bit tells an index from a value (2.2). */
  #referable(decode: (header: number) => Complex): Complex {
    const header = this.#u29();
    return (header & 1) === 0 ? this.#objects.resolve(header >> 1) : decode(header >> 1);
  }

  /** 3.11: named entries up to the empty name, then `count` dense ones. With named entries it is an ECMA array. */
  #array(count: number): Complex {
    if (count > this.#reader.remaining) throw new FormatError('truncated', `AMF3 array of ${count}`);
    const name = this.#string();
    if (name === '')
      return this.#objects.fill<AmfValue[]>([], (array) => this.#elements(count, (value) => array.push(value)));
    return this.#objects.fill(new AmfEcmaArray(createAmfObject()), ({ entries }) => {
      entries[name] = this.value();
      this.#namedValues(entries);
      let index = 0;
      this.#elements(count, (value) => {
        entries[String(index)] = value;
        index += 1;
      });
    });
  }

  #elements(count: number, add: (value: AmfValue) => void): void {
    for (let index = 0; index < count; index += 1) add(this.value());
  }

  #namedValues(into: AmfObject): void {
    for (let name = this.#string(); name !== ''; name = this.#string()) into[name] = this.value();
  }

  /** 3.12. */
  #object(flags: number): Complex {
    const traits = this.#traitsOf(flags);
    const fields = createAmfObject();
    const object = traits.className === '' ? fields : new AmfTypedObject(traits.className, fields);
    return this.#objects.fill(object, () => {
      for (const name of traits.sealed) fields[name] = this.value();
      if (traits.dynamic) this.#namedValues(fields);
    });
  }

  /** 3.12, U29O-traits, after the bit that told an object from a reference to one. */
  #traitsOf(flags: number): Traits {
    if ((flags & 1) === 0) return this.#referencedTraits(flags >> 1);
    if ((flags & 2) !== 0) throw new FormatError('unsupported', 'AMF3 externalizable class');
    const sealedCount = flags >> 3;
    if (sealedCount > this.#reader.remaining)
      throw new FormatError('truncated', `AMF3 class of ${sealedCount} members`);
    this.#nesting.count(sealedCount);
    const begin = this.#reader.position;
    const className = this.#string();
    const sealed: string[] = [];
    for (let index = 0; index < sealedCount; index += 1) sealed.push(this.#string());
    const traits = { className, dynamic: (flags & 4) !== 0, sealed, costBytes: this.#reader.position - begin };
    this.#traits.push(traits);
    return traits;
  }

  #referencedTraits(index: number): Traits {
    const traits = this.#traits[index];
    if (traits === undefined) throw new FormatError('malformed', `AMF3 class reference ${index} to nothing`);
    this.#nesting.charge(traits.costBytes);
    return traits;
  }
}

function unknownMarker(marker: number): FormatError {
  const known = marker >= AMF3_MARKER.vectorInt && marker <= AMF3_MARKER.dictionary;
  return new FormatError(known ? 'unsupported' : 'malformed', `AMF3 marker 0x${marker.toString(16)}`);
}
