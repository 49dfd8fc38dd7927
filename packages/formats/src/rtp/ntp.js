const U32 = 0x1_0000_0000;
/** Seconds from 1900 to 1970 (RFC 5905, 6). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
/** Of milliseconds since 1970, which need not be whole. */
export function ntpOfMs(unixMs) {
  const wholeSeconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - wholeSeconds * 1000) / 1000) * U32);
  return { seconds: (wholeSeconds + NTP_TO_UNIX_SECONDS) % U32, fraction };
}
/** Milliseconds since 1970; NTP's era that ends in 2036 is taken for seconds with the top bit set, the next for others. */
export function msOfNtp({ seconds, fraction }) {
  const era = seconds >= 0x8000_0000 ? 0 : U32;
  return (seconds + era - NTP_TO_UNIX_SECONDS) * 1000 + (fraction / U32) * 1000;
}
/** The middle 32 bits, 1/65536 s: what a report calls the last SR (RFC 3550, 6.4.1). */
export function ntpMiddle({ seconds, fraction }) {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}
