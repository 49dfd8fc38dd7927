import { FormatError } from '../bytes/format-error.ts';
import {
  DIRECTIONS,
  MAX_CANDIDATES,
  MAX_CODECS,
  MAX_EXTENSIONS,
  MAX_FEEDBACK,
  MAX_RIDS,
  MAX_SSRC_GROUPS,
  MAX_SSRCS,
  pushBounded,
  SETUPS,
} from './description.ts';
import type { SdpCodec, SdpDirection, SdpMedia, SdpSetup } from './description.ts';
import { numberOf, splitAttribute, splitOnce, wordsOf } from './lines.ts';
import type { SdpLine } from './lines.ts';

const MAX_PORT = 65_535;
const MAX_PAYLOAD_TYPE = 127;
const MAX_U32 = 0xffff_ffff;
const MAX_BANDWIDTH = 1e12;
/** 4096 to 4351 are for an offer that has more than fit (RFC 8285, 6). */
const MAX_EXTENSION_ID = 4351;
const PREFERRED_HASH = 'sha-256';
const MAX_CHANNELS = 255;
const MAX_CLOCK_RATE = 1e9;
/** rtcp-fb of all payload types. */
const ANY_PAYLOAD_TYPE = '*';
/** Payload types that need no rtpmap (RFC 3551, 6), of those that WebRTC uses (RFC 7874, 3). */
const STATIC_CODECS: ReadonlyMap<number, { name: string; clockRate: number }> = new Map([
  [0, { name: 'PCMU', clockRate: 8000 }],
  [8, { name: 'PCMA', clockRate: 8000 }],
  [9, { name: 'G722', clockRate: 8000 }],
]);

/** What may stand before the first section, and holds for each that does not say it itself. */
export interface SectionDefaults {
  direction?: SdpDirection;
  iceUfrag?: string;
  icePwd?: string;
  fingerprint?: { algorithm: string; value: string };
  setup?: SdpSetup;
}

interface PartialCodec {
  map?: { name: string; clockRate: number; channels?: number };
  fmtp: string;
  feedback: string[];
}

/** Collects one media section, line by line: rtpmap, fmtp and rtcp-fb come in any order (Firefox sorts them by name). */
export class SectionReader {
  readonly defaults: SectionDefaults = {};
  iceOptions: string | undefined;
  readonly #media: Omit<SdpMedia, 'direction'>;
  readonly #codecs = new Map<number, PartialCodec>();
  readonly #ssrcs = new Map<number, SdpMedia['ssrcs'][number]>();
  readonly #feedbackOfAll: string[] = [];

  /** `value` of the m= line: kind, port, protocol, formats (RFC 8866, 5.14). */
  constructor(value: string) {
    const [kind, port, protocol, ...formats] = wordsOf(value);
    if (kind === undefined || protocol === undefined) throw new FormatError('malformed', 'SDP m= line');
    this.#media = {
      kind,
      port: numberOf(port?.split('/', 1)[0], MAX_PORT),
      protocol,
      mid: '',
      codecs: [],
      extensions: [],
      ssrcs: [],
      ssrcGroups: [],
      rids: [],
      candidates: [],
      endOfCandidates: false,
      rtcpMux: false,
      rtcpRsize: false,
    };
    if (!protocol.includes('RTP')) return;
    if (formats.length > MAX_CODECS) throw new FormatError('too_large', `section of ${formats.length} payload types`);
    for (const format of formats) this.#codecs.set(numberOf(format, MAX_PAYLOAD_TYPE), { fmtp: '', feedback: [] });
  }

  /** A line of the section other than m=. Those that say nothing to us are skipped. @throws FormatError */
  line({ type, value }: SdpLine): void {
    if (type === 'b') this.#bandwidth(value);
    if (type !== 'a') return;
    const attribute = splitAttribute(value);
    if (!readDefault(this.defaults, attribute)) this.#attribute(attribute.name, attribute.value);
  }

  finish(session: SectionDefaults): SdpMedia {
    const media: SdpMedia = { ...this.#media, direction: 'sendrecv', ...session, ...this.defaults };
    media.ssrcs = [...this.#ssrcs.values()];
    for (const [payloadType, partial] of this.#codecs) {
      const codec = this.#codecOf(payloadType, partial);
      if (codec !== undefined) media.codecs.push(codec);
    }
    return media;
  }

  #codecOf(payloadType: number, { map, fmtp, feedback }: PartialCodec): SdpCodec | undefined {
    const named = map ?? STATIC_CODECS.get(payloadType);
    if (named === undefined) return undefined;
    for (const value of this.#feedbackOfAll) {
      if (!feedback.includes(value)) pushBounded(feedback, value, MAX_FEEDBACK);
    }
    return { payloadType, ...named, fmtp, feedback };
  }

  #attribute(name: string, value: string): void {
    const media = this.#media;
    switch (name) {
      case 'mid':
        media.mid = value;
        break;
      case 'msid':
        media.msid = value;
        break;
      case 'simulcast':
        media.simulcast = value;
        break;
      case 'ice-options':
        this.iceOptions = value;
        break;
      case 'candidate':
        pushBounded(media.candidates, `candidate:${value}`, MAX_CANDIDATES);
        break;
      case 'end-of-candidates':
        media.endOfCandidates = true;
        break;
      case 'rtcp-mux':
        media.rtcpMux = true;
        break;
      case 'rtcp-rsize':
        media.rtcpRsize = true;
        break;
      default:
        this.#listed(name, value);
    }
  }

  /** Attributes that come several times. */
  #listed(name: string, value: string): void {
    switch (name) {
      case 'rtpmap':
        this.#rtpmap(value);
        break;
      case 'fmtp':
        this.#fmtp(value);
        break;
      case 'rtcp-fb':
        this.#feedback(value);
        break;
      case 'extmap':
        this.#extmap(value);
        break;
      case 'ssrc':
        this.#ssrc(value);
        break;
      case 'ssrc-group':
        this.#ssrcGroup(value);
        break;
      case 'rid':
        this.#rid(value);
        break;
    }
  }

  /** `111 opus/48000/2` (RFC 8866, 6.6). */
  #rtpmap(value: string): void {
    const { name: payloadType, value: encoding } = splitOnce(value, ' ');
    const codec = this.#codecs.get(numberOf(payloadType, MAX_PAYLOAD_TYPE));
    const [name, clockRate, channels] = encoding.split('/');
    if (codec === undefined) return;
    if (name === undefined || name === '') throw new FormatError('malformed', 'rtpmap without a name');
    codec.map = { name, clockRate: numberOf(clockRate, MAX_CLOCK_RATE) };
    if (channels !== undefined) codec.map.channels = numberOf(channels, MAX_CHANNELS);
  }

  #fmtp(value: string): void {
    const { name: payloadType, value: parameters } = splitOnce(value, ' ');
    const codec = this.#codecs.get(numberOf(payloadType, MAX_PAYLOAD_TYPE));
    if (codec !== undefined) codec.fmtp = parameters;
  }

  /** RFC 4585, 4.2. */
  #feedback(value: string): void {
    const [payloadType, ...words] = wordsOf(value);
    const feedback = words.join(' ');
    if (payloadType === ANY_PAYLOAD_TYPE) {
      pushBounded(this.#feedbackOfAll, feedback, MAX_FEEDBACK);
      return;
    }
    const codec = this.#codecs.get(numberOf(payloadType, MAX_PAYLOAD_TYPE));
    if (codec !== undefined) pushBounded(codec.feedback, feedback, MAX_FEEDBACK);
  }

  /** `2/recvonly URI`; attributes after the URI are skipped. */
  #extmap(value: string): void {
    const [idAndDirection = '', uri] = wordsOf(value);
    if (uri === undefined) throw new FormatError('malformed', 'extmap without a URI');
    const [id, direction] = idAndDirection.split('/');
    const extension = { id: numberOf(id, MAX_EXTENSION_ID), uri };
    pushBounded(
      this.#media.extensions,
      direction === undefined ? extension : { ...extension, direction },
      MAX_EXTENSIONS,
    );
  }

  /** `123 cname:x` (RFC 5576, 4.1). */
  #ssrc(value: string): void {
    const { name: digits, value: attribute } = splitOnce(value, ' ');
    const ssrc = numberOf(digits, MAX_U32);
    let source = this.#ssrcs.get(ssrc);
    if (source === undefined) {
      if (this.#ssrcs.size >= MAX_SSRCS)
        throw new FormatError('too_large', `section of more than ${MAX_SSRCS} sources`);
      source = { ssrc };
      this.#ssrcs.set(ssrc, source);
    }
    const { name, value: text } = splitAttribute(attribute);
    if (name === 'cname' || name === 'msid') source[name] = text;
  }

  /** `FID 1 2` (RFC 5576, 4.2). */
  #ssrcGroup(value: string): void {
    const [semantics, ...digits] = wordsOf(value);
    if (semantics === undefined) throw new FormatError('malformed', 'ssrc-group without semantics');
    const ssrcs: number[] = [];
    for (const one of digits) pushBounded(ssrcs, numberOf(one, MAX_U32), MAX_SSRCS);
    pushBounded(this.#media.ssrcGroups, { semantics, ssrcs }, MAX_SSRC_GROUPS);
  }

  /** `h send`; restrictions are skipped (RFC 8851, 4). */
  #rid(value: string): void {
    const [id, direction] = wordsOf(value);
    if (id === undefined || (direction !== 'send' && direction !== 'recv')) throw new FormatError('malformed', 'a=rid');
    pushBounded(this.#media.rids, { id, direction }, MAX_RIDS);
  }

  /** AS in kbit/s (RFC 8866, 5.8), which goes before TIAS in bit/s (RFC 3890). */
  #bandwidth(value: string): void {
    const { name, value: digits } = splitAttribute(value);
    if (name === 'AS') this.#media.bandwidthKbps = numberOf(digits, MAX_BANDWIDTH);
    if (name === 'TIAS') this.#media.bandwidthKbps ??= Math.ceil(numberOf(digits, MAX_BANDWIDTH) / 1000);
  }
}

/** Reads an attribute that may also be the session's; false when it is another one. A value out of the list is skipped. */
export function readDefault(defaults: SectionDefaults, { name, value }: { name: string; value: string }): boolean {
  switch (name) {
    case 'ice-ufrag':
      defaults.iceUfrag = value;
      return true;
    case 'ice-pwd':
      defaults.icePwd = value;
      return true;
    case 'fingerprint':
      readFingerprint(defaults, value);
      return true;
    case 'setup':
      readSetup(defaults, value);
      return true;
    default: {
      const direction = DIRECTIONS.find((known) => known === name);
      if (direction === undefined) return false;
      defaults.direction = direction;
      return true;
    }
  }
}

function readSetup(defaults: SectionDefaults, value: string): void {
  const setup = SETUPS.find((known) => known === value);
  if (setup !== undefined) defaults.setup = setup;
}

function readFingerprint(defaults: SectionDefaults, value: string): void {
  const { name, value: hash } = splitOnce(value, ' ');
  const algorithm = name.toLowerCase();
  if (defaults.fingerprint === undefined || algorithm === PREFERRED_HASH) {
    defaults.fingerprint = { algorithm, value: hash };
  }
}
