import { parseFmtp } from '@kaibo/formats';
/** Every video codec has this clock (RFC 6184, 7741, 7798, 9628). */
export const VIDEO_CLOCK_HZ = 90_000;
/** RFC 7587, 4.1. */
export const OPUS_CLOCK_HZ = 48_000;
/** By the encoding name in lower case. */
const VIDEO_BY_NAME = new Map([
  ['h264', 'h264'],
  ['h265', 'h265'],
  ['vp8', 'vp8'],
  ['vp9', 'vp9'],
  ['av1', 'av1'],
]);
export function videoCodecOf({ name, clockRate }) {
  return clockRate === VIDEO_CLOCK_HZ ? VIDEO_BY_NAME.get(name.toLowerCase()) : undefined;
}
export function isOpus({ name, clockRate }) {
  return name.toLowerCase() === 'opus' && clockRate === OPUS_CLOCK_HZ;
}
/** Of an H.264 payload type: 0 unless it says otherwise (RFC 6184, 8.1). */
export function h264Mode(codec) {
  return Number(parseFmtp(codec.fmtp).get('packetization-mode') ?? 0);
}
/** profile_idc of an H.264 payload type; Baseline unless it says otherwise (RFC 6184, 8.1). */
export function h264Profile(codec) {
  const id = parseFmtp(codec.fmtp).get('profile-level-id');
  return id === undefined ? 0x42 : Number.parseInt(id.slice(0, 2), 16);
}
