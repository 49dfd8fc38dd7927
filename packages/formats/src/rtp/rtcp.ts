import type { NtpTime } from './ntp.ts';

// What the parser and the encoder of RTCP share.

export const RTCP_VERSION = 2;
/** SC and RC are five bits (RFC 3550, 6.4 to 6.6). */
export const MAX_RTCP_ITEMS = 31;

// Packet types: RFC 3550, 12.1, and RFC 4585, 6.1.
export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_SDES = 202;
export const RTCP_BYE = 203;
export const RTCP_RTPFB = 205;
export const RTCP_PSFB = 206;
/** RFC 3611, 2. */
export const RTCP_XR = 207;

/** SDES item types (RFC 3550, 6.5). */
export const SDES_END = 0;
export const SDES_CNAME = 1;

// Report blocks of extended reports (RFC 3611, 4.4 and 4.5), and what each holds, in words.
export const XR_RECEIVER_TIME = 4;
export const XR_DELAYS = 5;
export const XR_RECEIVER_TIME_WORDS = 2;
export const XR_DELAY_WORDS = 3;

// Feedback message types: RFC 4585, 6.2 and 6.3; RFC 5104, 4.3.1; draft-alvestrand-rmcat-remb-03, 2.2;
// draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1.
export const FMT_NACK = 1;
export const FMT_TRANSPORT_CC = 15;
export const FMT_PLI = 1;
export const FMT_FIR = 4;
export const FMT_APPLICATION = 15;
/** "REMB", the unique identifier of that application layer feedback. */
export const REMB_IDENTIFIER = 0x5245_4d42;

/** A report block (RFC 3550, 6.4.1). */
export interface RtcpReport {
  ssrc: number;
  /** Since the last report, in 1/256. */
  fractionLost: number;
  /** Signed 24 bits: duplicates make it negative. */
  lost: number;
  /** Extended: cycles in the upper 16 bits. */
  highestSequence: number;
  /** In units of the timestamp. */
  jitter: number;
  /** `ntpMiddle` of the last SR; 0 when there was none. */
  lastSr: number;
  /** In 1/65536 s. */
  delaySinceLastSr: number;
}

/** How long a receiver's time was kept by whom it was sent to (RFC 3611, 4.5), which makes a round trip known. */
export interface XrDelay {
  /** Of the receiver. */
  ssrc: number;
  /** `ntpMiddle` of its last time; 0 when there was none. */
  lastReceiverTime: number;
  /** In 1/65536 s. */
  delaySinceThen: number;
}

/** Transport-wide congestion control feedback. */
export interface TransportCc {
  type: 'transport-cc';
  ssrc: number;
  mediaSsrc: number;
  baseSequence: number;
  /** 8 bits: detects lost feedback. */
  feedbackCount: number;
  /** In 64 ms, 24 bits of an unknown time base. */
  referenceTime: number;
  /**
   * Per packet from `baseSequence` on: 250 µs since the previous one that was received, for the first one since
   * `referenceTime`; may be negative. Undefined for one that was not received.
   */
  arrivals: (number | undefined)[];
}

/** One packet of a compound. `ssrc` is the sender of it; feedback is about `mediaSsrc`. */
export type RtcpPacket =
  | {
      type: 'sr';
      ssrc: number;
      ntp: NtpTime;
      rtpTimestamp: number;
      /** Sent so far, modulo 2^32; `octets` of payload. */
      packets: number;
      octets: number;
      reports: RtcpReport[];
    }
  | { type: 'rr'; ssrc: number; reports: RtcpReport[] }
  | { type: 'sdes'; chunks: { ssrc: number; /** '' when the chunk had none. */ cname: string }[] }
  | { type: 'bye'; ssrcs: number[] }
  /** Blocks of other kinds are left out. */
  | { type: 'xr'; ssrc: number; receiverTime?: NtpTime; delays: XrDelay[] }
  | { type: 'nack'; ssrc: number; mediaSsrc: number; sequences: number[] }
  | { type: 'pli'; ssrc: number; mediaSsrc: number }
  | {
      type: 'fir';
      ssrc: number;
      requests: { ssrc: number; /** 8 bits: one more for each new request. */ sequence: number }[];
    }
  | { type: 'remb'; ssrc: number; bitrateBps: number; mediaSsrcs: number[] }
  | TransportCc
  | { type: 'other'; packetType: number };

/** What can be encoded. */
export type EncodableRtcpPacket = Exclude<RtcpPacket, { type: 'other' }>;
