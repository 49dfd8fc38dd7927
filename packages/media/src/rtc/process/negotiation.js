import { FormatError } from '@kaibo/formats';
import { h264Mode, h264Profile, isOpus, videoCodecOf } from './codecs.ts';
/** RFC 9143: which line of the description a packet belongs to. */
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const TRANSPORT_CC_URI = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
/** What publishers should send, when they can: stereo music sounds, and lost packets are heard less. */
const OPUS_FMTP = 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000';
/** What plays everywhere comes first, then what browsers encode well. */
const PUBLISH_PREFERENCE = ['h264', 'h265', 'av1', 'vp9', 'vp8'];
/** More are nobody's browser. */
export const MAX_MEDIA_LINES = 8;
/** A description that is understood and cannot be served. `code` is stable. */
export class NegotiationError extends Error {
  code;
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
/**
 * A publisher's offer: one video and one audio line are taken, the others refused. One layer is asked of a simulcast
 * offer by not answering it (RFC 8853, 5.3.2).
 * @throws NegotiationError
 */
export function negotiatePublish(offer) {
  const sends = ({ direction }) => direction === 'sendrecv' || direction === 'sendonly';
  const lines = takeLines(offer, sends, (media) =>
    media.kind === 'video' ? choosePublishedVideo(media) : media.codecs.filter(isOpus).slice(0, 1),
  );
  return {
    lines,
    answer: (transport, options) => answerOf(offer, lines, { transport, direction: 'recvonly', ...options }),
  };
}
/**
 * A viewer's offer. Every video codec that both sides know is kept, the stream's own first, so that the stream may
 * change its codec.
 * @throws NegotiationError
 */
export function negotiatePlay(offer, stream) {
  const receives = ({ direction }) => direction === 'sendrecv' || direction === 'recvonly';
  const lines = takeLines(offer, receives, (media) =>
    media.kind === 'video' ? choosePlayedVideo(media, stream) : media.codecs.filter(isOpus).slice(0, 1),
  );
  return {
    lines,
    answer: (transport, options) => answerOf(offer, lines, { transport, direction: 'sendonly', ...options }),
  };
}
function takeLines(offer, wants, choose) {
  if (offer.media.length > MAX_MEDIA_LINES) throw new FormatError('too_large', `${offer.media.length} lines of media`);
  const lines = [];
  const refused = [];
  for (const [index, media] of offer.media.entries()) {
    const { kind } = media;
    if ((kind !== 'audio' && kind !== 'video') || isUnused(offer, media) || !wants(media)) continue;
    if (lines.some((line) => line.kind === kind)) continue;
    const codecs = choose(media);
    if (codecs.length > 0) lines.push(acceptedLine(media, { index, kind, codecs }));
    else refused.push(`${kind}: ${[...new Set(media.codecs.map(({ name }) => name))].slice(0, 12).join(', ')}`);
  }
  if (refused.length > 0) {
    throw new NegotiationError('codec_unsupported', `No codec in common. Offered ${refused.join('; ')}.`);
  }
  if (lines.length === 0) throw new NegotiationError('nothing_offered', 'The offer has no audio or video for us.');
  assertOneTransport(offer, lines);
  return lines;
}
/** Port 0 is a line that was given up, but for one that only exists in a bundle (RFC 9143, 6). */
function isUnused({ bundle }, { port, mid }) {
  return port === 0 && !bundle.includes(mid);
}
function acceptedLine(media, { index, kind, codecs }) {
  const extension = (uri) => media.extensions.find((one) => one.uri === uri)?.id;
  return {
    index,
    mid: media.mid,
    kind,
    codecs: codecs.map((codec) => ({ codec: videoCodecOf(codec) ?? 'opus', payloadType: codec.payloadType })),
    ssrcs: media.ssrcs.map(({ ssrc }) => ssrc),
    midId: extension(MID_URI),
    h264Mode: modeOf(codecs),
    transportCcId: codecs.some(({ feedback }) => feedback.includes('transport-cc'))
      ? extension(TRANSPORT_CC_URI)
      : undefined,
  };
}
function modeOf(codecs) {
  const h264 = codecs.find((codec) => videoCodecOf(codec) === 'h264');
  return h264 && (h264Mode(h264) === 1 ? 1 : 0);
}
/** One UDP port and one DTLS session carry everything. */
function assertOneTransport({ bundle }, lines) {
  if (lines.length > 1 && !lines.every(({ mid }) => bundle.includes(mid)))
    throw new NegotiationError('bundle_required', 'Audio and video must be bundled (a=group:BUNDLE).');
}
function choosePublishedVideo({ codecs }) {
  for (const wanted of PUBLISH_PREFERENCE) {
    const offered = codecs.filter((codec) => videoCodecOf(codec) === wanted);
    const chosen = offered.find((codec) => wanted !== 'h264' || h264Mode(codec) === 1) ?? offered[0];
    if (chosen) return [chosen];
  }
  return [];
}
function choosePlayedVideo({ codecs }, stream) {
  const chosen = [];
  const byStream = PUBLISH_PREFERENCE.toSorted((a, b) => Number(b === stream.video) - Number(a === stream.video));
  for (const wanted of byStream) {
    const offered = codecs.filter((codec) => videoCodecOf(codec) === wanted);
    const one = wanted === 'h264' ? chooseH264(offered, stream.h264Profile) : offered[0];
    if (one) chosen.push(one);
    else if (wanted === stream.video) {
      throw new NegotiationError(
        'codec_unsupported',
        `This stream’s video is ${wanted.toUpperCase()}, which was not offered.`,
      );
    }
  }
  return chosen;
}
/** Packetization mode 1 where there is a choice; the profile is taken as near as it comes: decoders take more than they say. */
function chooseH264(offered, profile) {
  const fragments = offered.filter((codec) => h264Mode(codec) === 1);
  return fragments.find((codec) => h264Profile(codec) === profile) ?? fragments[0] ?? offered[0];
}
function answerOf(offer, lines, input) {
  const media = offer.media.map((offered, index) => {
    const line = lines.find((one) => one.index === index);
    return line ? answerLine(offered, line, input) : refusedLine(offered, input.transport);
  });
  // What was not offered as a bundle, or has no name, cannot be answered as one (RFC 9143, 7.3).
  const bundle = lines.map(({ mid }) => mid).filter((mid) => offer.bundle.includes(mid));
  return { origin: input.origin, bundle, iceLite: false, media };
}
function answerLine(offered, line, input) {
  const { transport, direction, candidates, sources } = input;
  const source = sources?.get(line.index);
  return {
    ...emptyLine(offered, transport),
    port: 9,
    direction,
    codecs: line.codecs.flatMap(({ payloadType }) => {
      const codec = offered.codecs.find((one) => one.payloadType === payloadType);
      return codec ? [answerCodec(codec, { line, direction })] : [];
    }),
    extensions: direction === 'recvonly' ? extensionsOf(offered, line) : [],
    candidates: [...candidates],
    endOfCandidates: true,
    ssrcs: source ? [{ ssrc: source.ssrc, cname: 'kaibo', msid: source.msid }] : [],
    msid: source?.msid,
  };
}
/** What we do ourselves: NACK and PLI both ways; the estimate of bandwidth by whichever of both forms was offered. */
function answerCodec(codec, { line, direction }) {
  const ours = line.kind === 'video' ? ['nack', 'nack pli', 'ccm fir'] : [];
  const estimate = direction === 'recvonly' && line.transportCcId !== undefined ? 'transport-cc' : 'goog-remb';
  const feedback = [...ours, estimate].filter((one) => codec.feedback.includes(one));
  return { ...codec, feedback, fmtp: isOpus(codec) && direction === 'recvonly' ? OPUS_FMTP : codec.fmtp };
}
function extensionsOf({ extensions }, { midId, transportCcId }) {
  return extensions.filter(({ id }) => id === midId || id === transportCcId).map(({ id, uri }) => ({ id, uri }));
}
function refusedLine(offered, transport) {
  return { ...emptyLine(offered, transport), port: 0, direction: 'inactive', codecs: offered.codecs.slice(0, 1) };
}
function emptyLine(offered, transport) {
  return {
    kind: offered.kind,
    port: 0,
    protocol: offered.protocol,
    mid: offered.mid,
    direction: 'inactive',
    codecs: [],
    extensions: [],
    ...transport,
    ssrcs: [],
    ssrcGroups: [],
    rids: [],
    candidates: [],
    endOfCandidates: false,
    rtcpMux: true,
    rtcpRsize: offered.rtcpRsize,
  };
}
