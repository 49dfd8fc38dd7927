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
/** SDES item types (RFC 3550, 6.5). */
export const SDES_END = 0;
export const SDES_CNAME = 1;
// Feedback message types: RFC 4585, 6.2 and 6.3; RFC 5104, 4.3.1; draft-alvestrand-rmcat-remb-03, 2.2;
// draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1.
export const FMT_NACK = 1;
export const FMT_TRANSPORT_CC = 15;
export const FMT_PLI = 1;
export const FMT_FIR = 4;
export const FMT_APPLICATION = 15;
/** "REMB", the unique identifier of that application layer feedback. */
export const REMB_IDENTIFIER = 0x5245_4d42;
