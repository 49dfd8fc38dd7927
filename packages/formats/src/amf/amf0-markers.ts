/** Type markers, AMF0 specification 2.1. MovieClip (4) and RecordSet (14) are "reserved, not supported". */
export const AMF0_MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  avmplus: 0x11,
} as const;

/** A string, name or class name with a 16-bit length has at most this many bytes (1.3.1, "UTF-8"). */
export const AMF0_MAX_SHORT_STRING_BYTES = 0xffff;
