import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import {
  FMT_APPLICATION,
  FMT_FIR,
  FMT_NACK,
  FMT_PLI,
  FMT_TRANSPORT_CC,
  REMB_IDENTIFIER,
  RTCP_BYE,
  RTCP_PSFB,
  RTCP_RR,
  RTCP_RTPFB,
  RTCP_SDES,
  RTCP_SR,
  RTCP_VERSION,
  SDES_CNAME,
  SDES_END,
} from './rtcp.ts';
import { readTransportCc } from './transport-cc.ts';
/** A browser sends about five at once. */
const MAX_PACKETS = 32;
/** Each entry of four bytes names up to 17 packets; no receiver waits for more than this. */
const MAX_NACK_SEQUENCES = 4096;
const MAX_FIR_REQUESTS = 64;
const PADDING_BIT = 0x20;
const FOLLOWING_IN_NACK = 16;
/**
 * A compound packet (RFC 3550, 6.1), which may also begin with feedback (RFC 5506). Profile-specific extensions, SDES
 * items other than CNAME, and reasons for leaving are skipped.
 * @throws FormatError
 */
export function parseRtcp(bytes) {
  const reader = new ByteReader(bytes);
  const packets = [];
  while (reader.remaining > 0) {
    if (packets.length === MAX_PACKETS) throw new FormatError('too_large', `more than ${MAX_PACKETS} RTCP packets`);
    packets.push(readPacket(reader));
  }
  return packets;
}
function readPacket(reader) {
  const first = reader.u8();
  if (first >> 6 !== RTCP_VERSION) throw new FormatError('malformed', `RTCP version ${first >> 6}`);
  const count = first & 0x1f; // reports, chunks, sources, or the feedback message type
  const packetType = reader.u8();
  const body = reader.bytes(reader.u16() * 4); // length in words, less one
  return readBody(new ByteReader((first & PADDING_BIT) === 0 ? body : withoutPadding(body)), packetType, count);
}
function withoutPadding(body) {
  const padding = body.at(-1) ?? 0;
  if (padding === 0 || padding > body.length) throw new FormatError('malformed', `RTCP padding of ${padding} bytes`);
  return body.subarray(0, body.length - padding);
}
function readBody(reader, packetType, count) {
  switch (packetType) {
    case RTCP_SR:
      return readSenderReport(reader, count);
    case RTCP_RR:
      return { type: 'rr', ssrc: reader.u32(), reports: readReports(reader, count) };
    case RTCP_SDES:
      return { type: 'sdes', chunks: Array.from({ length: count }, () => readChunk(reader)) };
    case RTCP_BYE:
      return { type: 'bye', ssrcs: Array.from({ length: count }, () => reader.u32()) };
    case RTCP_RTPFB:
      return readTransportFeedback(reader, count);
    case RTCP_PSFB:
      return readPayloadFeedback(reader, count);
    default:
      return { type: 'other', packetType };
  }
}
/** RFC 3550, 6.4.1. */
function readSenderReport(reader, count) {
  return {
    type: 'sr',
    ssrc: reader.u32(),
    ntp: { seconds: reader.u32(), fraction: reader.u32() },
    rtpTimestamp: reader.u32(),
    packets: reader.u32(),
    octets: reader.u32(),
    reports: readReports(reader, count),
  };
}
function readReports(reader, count) {
  return Array.from({ length: count }, () => ({
    ssrc: reader.u32(),
    fractionLost: reader.u8(),
    lost: reader.i24(),
    highestSequence: reader.u32(),
    jitter: reader.u32(),
    lastSr: reader.u32(),
    delaySinceLastSr: reader.u32(),
  }));
}
/** RFC 3550, 6.5: items up to a null one, then up to the next word. */
function readChunk(reader) {
  const start = reader.position;
  const ssrc = reader.u32();
  let cname = '';
  for (let item = reader.u8(); item !== SDES_END; item = reader.u8()) {
    const length = reader.u8();
    if (item === SDES_CNAME) cname = reader.utf8(length);
    else reader.skip(length);
  }
  const overhang = (reader.position - start) % 4;
  if (overhang > 0) reader.skip(4 - overhang);
  return { ssrc, cname };
}
function readTransportFeedback(reader, messageType) {
  if (messageType !== FMT_NACK && messageType !== FMT_TRANSPORT_CC) return { type: 'other', packetType: RTCP_RTPFB };
  const source = { ssrc: reader.u32(), mediaSsrc: reader.u32() };
  return messageType === FMT_NACK
    ? { type: 'nack', ...source, sequences: readNack(reader) }
    : { type: 'transport-cc', ...source, ...readTransportCc(reader) };
}
/** RFC 4585, 6.2.1: a packet, and which of the 16 after it. */
function readNack(reader) {
  const sequences = [];
  while (reader.remaining > 0) {
    const packetId = reader.u16();
    const following = reader.u16();
    sequences.push(packetId);
    for (let index = 0; index < FOLLOWING_IN_NACK; index += 1) {
      if (((following >> index) & 1) === 1) sequences.push((packetId + index + 1) & 0xffff);
    }
    if (sequences.length > MAX_NACK_SEQUENCES) {
      throw new FormatError('too_large', `NACK of more than ${MAX_NACK_SEQUENCES} packets`);
    }
  }
  return sequences;
}
function readPayloadFeedback(reader, messageType) {
  const ssrc = reader.u32();
  const mediaSsrc = reader.u32();
  if (messageType === FMT_PLI) return { type: 'pli', ssrc, mediaSsrc };
  if (messageType === FMT_FIR) return { type: 'fir', ssrc, requests: readFullIntraRequests(reader) };
  const isRemb = messageType === FMT_APPLICATION && reader.remaining >= 4 && reader.u32() === REMB_IDENTIFIER;
  return isRemb ? readRemb(reader, ssrc) : { type: 'other', packetType: RTCP_PSFB };
}
/** RFC 5104, 4.3.1.1. */
function readFullIntraRequests(reader) {
  const requests = [];
  while (reader.remaining > 0) {
    if (requests.length === MAX_FIR_REQUESTS) throw new FormatError('too_large', 'too many full intra requests');
    requests.push({ ssrc: reader.u32(), sequence: reader.u8() });
    reader.skip(3); // reserved
  }
  return requests;
}
/** draft-alvestrand-rmcat-remb-03, 2.2: a mantissa of 18 bits and an exponent of 6. */
function readRemb(reader, ssrc) {
  const count = reader.u8();
  const rate = reader.u24();
  const bitrateBps = (rate & 0x3_ffff) * 2 ** (rate >> 18);
  return { type: 'remb', ssrc, bitrateBps, mediaSsrcs: Array.from({ length: count }, () => reader.u32()) };
}
