import { FormatError } from '../bytes/format-error.ts';
import { numberOf, wordsOf } from './lines.ts';

const MAX_COMPONENT = 256;
const MAX_PRIORITY = 0xffff_ffff;
const MAX_PORT = 65_535;
/** foundation is 1 to 32 ice-chars (RFC 8839, 5.1); an address may be a name (mDNS). */
const MAX_WORD_CHARS = 255;
const PREFIX = 'candidate:';
const MAX_CANDIDATE_CHARS = 1024;

/** A transport address that may be reached (RFC 8839, 5.1). Related addresses and extensions are left out. */
export interface IceCandidate {
  foundation: string;
  /** 1 is RTP, and with rtcp-mux both. */
  component: number;
  /** `udp` or `tcp`, in lower case. */
  protocol: string;
  priority: number;
  /** IPv4, IPv6 without brackets, or a name. */
  address: string;
  port: number;
  /** `host`, `srflx`, `prflx`, `relay`. */
  type: string;
}

/** `candidate:…`, without `a=`. */
export function encodeIceCandidate(candidate: IceCandidate): string {
  const { foundation, component, protocol, priority, address, port, type } = candidate;
  return `${PREFIX}${foundation} ${component} ${protocol} ${priority} ${address} ${port} typ ${type}`;
}

/** With or without `a=` before it. @throws FormatError */
export function parseIceCandidate(text: string): IceCandidate {
  if (text.length > MAX_CANDIDATE_CHARS) throw new FormatError('too_large', `candidate of ${text.length} characters`);
  const value = text.startsWith('a=') ? text.slice(2) : text;
  if (!value.startsWith(PREFIX)) throw new FormatError('malformed', 'ICE candidate without its prefix');
  const [foundation, component, protocol, priority, address, port, typ, type] = wordsOf(value.slice(PREFIX.length));
  if (typ !== 'typ') throw new FormatError('malformed', 'ICE candidate without a type');
  return {
    foundation: word(foundation),
    component: numberOf(component, MAX_COMPONENT),
    protocol: word(protocol).toLowerCase(),
    priority: numberOf(priority, MAX_PRIORITY),
    address: word(address),
    port: numberOf(port, MAX_PORT),
    type: word(type),
  };
}

function word(value: string | undefined): string {
  if (value === undefined || value.length > MAX_WORD_CHARS)
    throw new FormatError('malformed', 'word of an ICE candidate');
  return value;
}
