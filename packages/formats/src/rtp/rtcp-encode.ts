import { ByteWriter, utf8Bytes } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import {
  FMT_APPLICATION,
  FMT_FIR,
  FMT_NACK,
  FMT_PLI,
  FMT_TRANSPORT_CC,
  MAX_RTCP_ITEMS,
  REMB_IDENTIFIER,
  RTCP_BYE,
  RTCP_PSFB,
  RTCP_RR,
  RTCP_RTPFB,
  RTCP_SDES,
  RTCP_SR,
  RTCP_VERSION,
  RTCP_XR,
  SDES_CNAME,
  SDES_END,
  XR_DELAY_WORDS,
  XR_DELAYS,
  XR_RECEIVER_TIME,
  XR_RECEIVER_TIME_WORDS,
} from './rtcp.ts';
import type { EncodableRtcpPacket, RtcpReport } from './rtcp.ts';
import { encodeTransportCc } from './transport-cc.ts';

const MAX_BODY_BYTES = 0xffff * 4;
const MAX_CNAME_BYTES = 255;
const MAX_REMB_SOURCES = 255;
const REMB_MANTISSA_MAX = 0x3_ffff;
const FOLLOWING_IN_NACK = 16;

/**
 * One compound packet, of the packets in this order. RFC 3550, 6.1 wants a report first and an SDES among them;
 * RFC 5506 lets feedback stand alone.
 * @throws FormatError `too_large` for more items than a packet can hold
 */
export function encodeRtcp(packets: readonly EncodableRtcpPacket[]): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) writePacket(writer, packet);
  return writer.finish();
}

function writePacket(writer: ByteWriter, packet: EncodableRtcpPacket): void {
  const { packetType, count, body } = encodeBody(packet);
  if (count > MAX_RTCP_ITEMS) throw new FormatError('too_large', `RTCP packet of ${count} items`);
  while (body.length % 4 > 0) body.u8(0);
  if (body.length > MAX_BODY_BYTES) throw new FormatError('too_large', `RTCP packet of ${body.length} bytes`);
  writer
    .u8((RTCP_VERSION << 6) | count)
    .u8(packetType)
    .u16(body.length / 4)
    .bytes(body.finish());
}

interface Body {
  packetType: number;
  /** Of reports, chunks or sources; the message type of feedback. */
  count: number;
  body: ByteWriter;
}

function encodeBody(packet: EncodableRtcpPacket): Body {
  const body = new ByteWriter();
  switch (packet.type) {
    case 'sr':
      body.u32(packet.ssrc).u32(packet.ntp.seconds).u32(packet.ntp.fraction);
      body.u32(packet.rtpTimestamp).u32(packet.packets).u32(packet.octets);
      writeReports(body, packet.reports);
      return { packetType: RTCP_SR, count: packet.reports.length, body };
    case 'rr':
      writeReports(body.u32(packet.ssrc), packet.reports);
      return { packetType: RTCP_RR, count: packet.reports.length, body };
    case 'sdes':
      for (const chunk of packet.chunks) writeChunk(body, chunk);
      return { packetType: RTCP_SDES, count: packet.chunks.length, body };
    case 'bye':
      for (const ssrc of packet.ssrcs) body.u32(ssrc);
      return { packetType: RTCP_BYE, count: packet.ssrcs.length, body };
    case 'xr':
      writeExtendedReport(body.u32(packet.ssrc), packet);
      return { packetType: RTCP_XR, count: 0, body }; // reserved
    case 'nack':
      writeNack(body.u32(packet.ssrc).u32(packet.mediaSsrc), packet.sequences);
      return { packetType: RTCP_RTPFB, count: FMT_NACK, body };
    case 'transport-cc':
      body.u32(packet.ssrc).u32(packet.mediaSsrc).bytes(encodeTransportCc(packet));
      return { packetType: RTCP_RTPFB, count: FMT_TRANSPORT_CC, body };
    case 'pli':
      return { packetType: RTCP_PSFB, count: FMT_PLI, body: body.u32(packet.ssrc).u32(packet.mediaSsrc) };
    case 'fir':
      body.u32(packet.ssrc).u32(0); // the media source is unused
      for (const { ssrc, sequence } of packet.requests) body.u32(ssrc).u8(sequence).u24(0);
      return { packetType: RTCP_PSFB, count: FMT_FIR, body };
    case 'remb':
      writeRemb(body.u32(packet.ssrc).u32(0), packet);
      return { packetType: RTCP_PSFB, count: FMT_APPLICATION, body };
  }
}

function writeReports(body: ByteWriter, reports: readonly RtcpReport[]): void {
  for (const report of reports) {
    body
      .u32(report.ssrc)
      .u8(report.fractionLost)
      .i24(report.lost)
      .u32(report.highestSequence)
      .u32(report.jitter)
      .u32(report.lastSr)
      .u32(report.delaySinceLastSr);
  }
}

/** RFC 3550, 6.5: at least one null byte ends the items. */
function writeChunk(body: ByteWriter, { ssrc, cname }: { ssrc: number; cname: string }): void {
  const name = utf8Bytes(cname, MAX_CNAME_BYTES);
  body.u32(ssrc).u8(SDES_CNAME).u8(name.length).bytes(name).u8(SDES_END);
  while (body.length % 4 > 0) body.u8(0);
}

/** RFC 3611, 4.4 and 4.5. */
function writeExtendedReport(
  body: ByteWriter,
  { receiverTime, delays }: Extract<EncodableRtcpPacket, { type: 'xr' }>,
): void {
  if (receiverTime !== undefined)
    body.u8(XR_RECEIVER_TIME).u8(0).u16(XR_RECEIVER_TIME_WORDS).u32(receiverTime.seconds).u32(receiverTime.fraction);
  if (delays.length === 0) return;
  body
    .u8(XR_DELAYS)
    .u8(0)
    .u16(delays.length * XR_DELAY_WORDS);
  for (const { ssrc, lastReceiverTime, delaySinceThen } of delays)
    body.u32(ssrc).u32(lastReceiverTime).u32(delaySinceThen);
}

/** RFC 4585, 6.2.1. Best in rising order, since an entry takes the 16 after it along. */
function writeNack(body: ByteWriter, sequences: readonly number[]): void {
  let packetId: number | undefined;
  let following = 0;
  for (const sequence of sequences) {
    const ahead = packetId === undefined ? Number.POSITIVE_INFINITY : (sequence - packetId) & 0xffff;
    if (ahead > FOLLOWING_IN_NACK) {
      if (packetId !== undefined) body.u16(packetId).u16(following);
      packetId = sequence;
      following = 0;
    } else if (ahead > 0) {
      following |= 1 << (ahead - 1);
    }
  }
  if (packetId !== undefined) body.u16(packetId).u16(following);
}

/** draft-alvestrand-rmcat-remb-03, 2.2; the bit rate is rounded down to 18 significant bits. */
function writeRemb(body: ByteWriter, { bitrateBps, mediaSsrcs }: { bitrateBps: number; mediaSsrcs: number[] }): void {
  if (mediaSsrcs.length > MAX_REMB_SOURCES) throw new FormatError('too_large', `REMB for ${mediaSsrcs.length} sources`);
  let exponent = 0;
  while (Math.floor(bitrateBps / 2 ** exponent) > REMB_MANTISSA_MAX) exponent += 1;
  const mantissa = Math.floor(bitrateBps / 2 ** exponent);
  body
    .u32(REMB_IDENTIFIER)
    .u8(mediaSsrcs.length)
    .u24((exponent << 18) | mantissa);
  for (const ssrc of mediaSsrcs) body.u32(ssrc);
}
