import { FormatError } from '../bytes/format-error.ts';
import type { Sdp, SdpCodec, SdpMedia } from './description.ts';

const LINE_END = '\r\n';
/** The one format of a data channel's section (RFC 8841, 4.2). */
const DATA_CHANNEL = 'webrtc-datachannel';
/** A section of no codec, which is one refused, still has a format. */
const NO_PAYLOAD_TYPE = '0';

/**
 * The description in the order of RFC 8866, 5. Everything that `parseSdp` may find before the sections is written into each.
 * @throws FormatError `malformed` when a value would begin a new line
 */
export function encodeSdp(sdp: Sdp): string {
  const lines = ['v=0', `o=${sdp.origin}`, 's=-', 't=0 0'];
  if (sdp.bundle.length > 0) lines.push(`a=group:BUNDLE ${sdp.bundle.join(' ')}`);
  if (sdp.iceLite) lines.push('a=ice-lite');
  if (sdp.iceOptions !== undefined) lines.push(`a=ice-options:${sdp.iceOptions}`);
  for (const media of sdp.media) lines.push(...sectionLines(media));
  if (lines.some((line) => /[\r\n]/.test(line))) throw new FormatError('malformed', 'a line end inside an SDP value');
  return lines.join(LINE_END) + LINE_END;
}

function sectionLines(media: SdpMedia): string[] {
  return [
    `m=${media.kind} ${media.port} ${media.protocol} ${formatsOf(media)}`,
    'c=IN IP4 0.0.0.0',
    ...optional('b=AS:', media.bandwidthKbps),
    ...transportLines(media),
    ...(media.mid === '' ? [] : [`a=mid:${media.mid}`]),
    ...media.extensions.map(({ id, uri, direction }) =>
      direction === undefined ? `a=extmap:${id} ${uri}` : `a=extmap:${id}/${direction} ${uri}`,
    ),
    `a=${media.direction}`,
    ...optional('a=msid:', media.msid),
    ...(media.rtcpMux ? ['a=rtcp-mux'] : []),
    ...(media.rtcpRsize ? ['a=rtcp-rsize'] : []),
    ...media.codecs.flatMap(codecLines),
    ...media.rids.map(({ id, direction }) => `a=rid:${id} ${direction}`),
    ...optional('a=simulcast:', media.simulcast),
    ...media.ssrcGroups.map(({ semantics, ssrcs }) => `a=ssrc-group:${[semantics, ...ssrcs].join(' ')}`),
    ...media.ssrcs.flatMap(sourceLines),
    ...media.candidates.map((candidate) => `a=${candidate}`),
    ...(media.endOfCandidates ? ['a=end-of-candidates'] : []),
  ];
}

function formatsOf({ protocol, codecs }: SdpMedia): string {
  if (!protocol.includes('RTP')) return DATA_CHANNEL;
  return codecs.length === 0 ? NO_PAYLOAD_TYPE : codecs.map(({ payloadType }) => payloadType).join(' ');
}

function transportLines({ iceUfrag, icePwd, fingerprint, setup }: SdpMedia): string[] {
  return [
    ...optional('a=ice-ufrag:', iceUfrag),
    ...optional('a=ice-pwd:', icePwd),
    ...(fingerprint === undefined ? [] : [`a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`]),
    ...optional('a=setup:', setup),
  ];
}

function codecLines({ payloadType, name, clockRate, channels, fmtp, feedback }: SdpCodec): string[] {
  const encoding = channels === undefined ? `${name}/${clockRate}` : `${name}/${clockRate}/${channels}`;
  return [
    `a=rtpmap:${payloadType} ${encoding}`,
    ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
    ...(fmtp === '' ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
  ];
}

function sourceLines({ ssrc, cname, msid }: SdpMedia['ssrcs'][number]): string[] {
  const lines = [...optional(`a=ssrc:${ssrc} cname:`, cname), ...optional(`a=ssrc:${ssrc} msid:`, msid)];
  return lines.length === 0 ? [`a=ssrc:${ssrc}`] : lines;
}

function optional(prefix: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${prefix}${value}`];
}
