import { FormatError } from '../bytes/format-error.ts';

// What a session description says (RFC 8866, as WebRTC uses it: RFC 8829), and its bounds.

/** In characters of the text; a browser's offer has about eight thousand. */
export const MAX_SDP_BYTES = 65_536;
export const MAX_LINE_CHARS = 8192;
export const MAX_SECTIONS = 32;
export const MAX_CODECS = 128;
export const MAX_FEEDBACK = 32;
export const MAX_EXTENSIONS = 64;
export const MAX_SSRCS = 64;
export const MAX_SSRC_GROUPS = 64;
export const MAX_RIDS = 32;
export const MAX_CANDIDATES = 64;

export const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
export type SdpDirection = (typeof DIRECTIONS)[number];

/** a=setup (RFC 4145, 4). */
export const SETUPS = ['actpass', 'active', 'passive', 'holdconn'] as const;
export type SdpSetup = (typeof SETUPS)[number];

/** One payload type of a section: its rtpmap, fmtp and rtcp-fb. */
export interface SdpCodec {
  payloadType: number;
  /** As written: names are compared case-insensitively. */
  name: string;
  clockRate: number;
  channels?: number;
  /** '' when there is none. */
  fmtp: string;
  /** `nack`, `nack pli`, `transport-cc`, … (RFC 4585, 4.2). */
  feedback: string[];
}

/** a=extmap (RFC 8285, 8). */
export interface SdpExtension {
  id: number;
  uri: string;
  direction?: string;
}

/** One media section. */
export interface SdpMedia {
  /** `audio`, `video`, `application`. */
  kind: string;
  port: number;
  /** `UDP/TLS/RTP/SAVPF`, `UDP/DTLS/SCTP`. */
  protocol: string;
  /** '' when there is none (RFC 5888). */
  mid: string;
  direction: SdpDirection;
  /** In the order of preference. Payload types without a name are left out. */
  codecs: SdpCodec[];
  extensions: SdpExtension[];
  iceUfrag?: string;
  icePwd?: string;
  /** SHA-256 where there are several (RFC 8122, 5); algorithm in lower case. */
  fingerprint?: { algorithm: string; value: string };
  setup?: SdpSetup;
  /** RFC 5576. */
  ssrcs: { ssrc: number; cname?: string; msid?: string }[];
  ssrcGroups: { semantics: string; ssrcs: number[] }[];
  /** Stream and track (RFC 8830). */
  msid?: string;
  /** RFC 8851. */
  rids: { id: string; direction: 'send' | 'recv' }[];
  /** As written (RFC 8853, 5.1): `send h;m;l`. */
  simulcast?: string;
  /** `candidate:…` (RFC 8839, 5.1). */
  candidates: string[];
  endOfCandidates: boolean;
  rtcpMux: boolean;
  rtcpRsize: boolean;
  bandwidthKbps?: number;
}

/** ICE, fingerprint, setup and direction of the session are copied into each section that has none. */
export interface Sdp {
  /** The value of o=. */
  origin: string;
  /** The mids of the first group of that kind (RFC 8843). */
  bundle: string[];
  iceLite: boolean;
  /** `trickle`, `ice2 trickle`; the session's, else the first section's. */
  iceOptions?: string;
  media: SdpMedia[];
}

/** Adds to a list that a peer fills. @throws FormatError `too_large` */
export function pushBounded<T>(list: T[], item: T, max: number): void {
  if (list.length >= max) throw new FormatError('too_large', `more than ${max} in one list of an SDP`);
  list.push(item);
}
