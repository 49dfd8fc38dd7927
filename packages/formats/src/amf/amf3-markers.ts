/** Type markers, AMF3 specification 3.1. Vectors (0x0d to 0x10) and Dictionary (0x11) occur in no RTMP command. */
export const AMF3_MARKER = {
  undefined: 0x00,
  null: 0x01,
  false: 0x02,
  true: 0x03,
  integer: 0x04,
  double: 0x05,
  string: 0x06,
  xmlDocument: 0x07,
  date: 0x08,
  array: 0x09,
  object: 0x0a,
  xml: 0x0b,
  byteArray: 0x0c,
  vectorInt: 0x0d,
  vectorUint: 0x0e,
  vectorDouble: 0x0f,
  vectorObject: 0x10,
  dictionary: 0x11,
} as const;

/** Integers are 29 bits, two's complement (3.6). */
export const AMF3_MAX_INTEGER = 0x0fff_ffff;
export const AMF3_MIN_INTEGER = -0x1000_0000;
/** Lengths lose one of the 29 bits to the reference flag (1.3.2). */
export const AMF3_MAX_LENGTH = 0x0fff_ffff;
