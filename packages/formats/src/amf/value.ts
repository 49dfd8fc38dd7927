/** AMF objects are nested at most this deep; deeper is FormatError `too_deep`, both ways. */
export const AMF_MAX_DEPTH = 32;

/**
 * The size of one RTMP message, and so of the AMF values in it. Counted as if references were written out, so that a
 * few bytes cannot stand for gigabytes.
 */
export const AMF_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Values in one message. The file index in a recorded stream's onMetaData is the largest there is: two numbers a key
 * frame. An empty object is 4 bytes on the wire and a hundred in memory, so the message's size alone is no bound.
 */
export const AMF_MAX_VALUES = 262_144;

/** A plain object. Decoded ones have no prototype, so that a key like `__proto__` or `constructor` is only a key. */
export interface AmfObject {
  [key: string]: AmfValue;
}

/** An array with names for indices (AMF0 2.10), which is how onMetaData comes. */
export class AmfEcmaArray {
  readonly entries: AmfObject;

  constructor(entries: AmfObject) {
    this.entries = entries;
  }
}

/** An object of a registered class (AMF0 2.18, AMF3 3.12). */
export class AmfTypedObject {
  readonly className: string;
  readonly properties: AmfObject;

  constructor(className: string, properties: AmfObject) {
    this.className = className;
    this.properties = properties;
  }
}

/** An XML document as its text (AMF0 2.17, AMF3 3.9). */
export class AmfXml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The AMF0 marker for a value its sender could not serialise (AMF0 2.15). It carries nothing. */
export class AmfUnsupported {
  readonly kind = 'unsupported';
}

/** Everything AMF0 can say, and what AMF3 adds in RTMP commands. `Uint8Array` is the AMF3 ByteArray. */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | AmfObject
  | AmfEcmaArray
  | AmfTypedObject
  | AmfXml
  | AmfUnsupported
  | Uint8Array
  | AmfValue[];

/** An object to put decoded keys into. */
export function createAmfObject(): AmfObject {
  return Object.create(null) as AmfObject;
}

/** True for plain objects only: not arrays, dates, ECMA arrays, typed objects, XML or byte arrays. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
