/** The generator polynomial, highest bit first (RFC 3533, 6, field 7; ISO/IEC 13818-1, annex A). */
const POLYNOMIAL = 0x04c1_1db7;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? POLYNOMIAL : 0);
  return remainder;
});

/** Goes on with a checksum; the first part begins with 0 in Ogg, with all ones in MPEG. Nothing is reflected or inverted. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = before;
  for (const byte of bytes) crc = (crc << 8) ^ (TABLE[(crc >>> 24) ^ byte] ?? 0);
  return crc >>> 0;
}
