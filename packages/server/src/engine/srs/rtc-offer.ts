import { FormatError, MAX_SDP_BYTES, parseSdp, type Sdp, type SdpMedia } from '@kaibo/formats';
import type { Denial } from '../contract.ts';

/** More lines are nobody's browser. */
const MAX_LINES = 8;
/** RFC 8839, section 5.4: what every ICE agent has to take. */
const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
/** What SRS passes on between WebRTC and everything else. */
const CODECS: Readonly<Record<'audio' | 'video', string>> = { audio: 'opus', video: 'h264' };

export type RtcIntent = 'publish' | 'play';

/**
 * Whether SRS could make something of an offer. It takes what it is given without looking and closes the connection when
 * that was wrong, so that this is where a client hears what.
 */
export function offerProblem(text: string, intent: RtcIntent): Denial | undefined {
  if (text.length > MAX_SDP_BYTES) return invalid(`it has more than ${MAX_SDP_BYTES} characters`);
  let offer: Sdp;
  try {
    offer = parseSdp(text);
  } catch (error) {
    if (error instanceof FormatError) return invalid(error.message);
    throw error;
  }
  if (offer.media.length > MAX_LINES) return invalid(`it has ${offer.media.length} lines of media`);
  const lines = offer.media.filter((media) => isWanted(offer, media, intent));
  if (lines.length === 0) return invalid(`it has no audio or video to ${intent}`);
  for (const media of lines) {
    const missing = transportProblem(media);
    if (missing !== undefined) return invalid(missing);
    const codec = CODECS[media.kind === 'audio' ? 'audio' : 'video'];
    if (!media.codecs.some(({ name }) => name.toLowerCase() === codec))
      return deny(
        406,
        'codec_unsupported',
        `The media server needs ${codec.toUpperCase()} among the ${media.kind} codecs.`,
      );
  }
  return undefined;
}

/** A line that SRS would answer. Port 0 is one that was given up, but for one that only exists in a bundle. */
function isWanted({ bundle }: Sdp, { kind, port, mid, direction }: SdpMedia, intent: RtcIntent): boolean {
  const isMedia = kind === 'audio' || kind === 'video';
  const isUsed = port !== 0 || bundle.includes(mid);
  return (
    isMedia && isUsed && (direction === 'sendrecv' || direction === (intent === 'publish' ? 'sendonly' : 'recvonly'))
  );
}

function transportProblem({
  kind,
  protocol,
  iceUfrag = '',
  icePwd = '',
  fingerprint,
  setup,
}: SdpMedia): string | undefined {
  if (!protocol.startsWith('UDP/TLS/RTP/SAVP')) return `the ${kind} line is not UDP/TLS/RTP/SAVPF`;
  if (!UFRAG.test(iceUfrag) || !PASSWORD.test(icePwd)) return `the ${kind} line has no proper ice-ufrag and ice-pwd`;
  if (fingerprint === undefined) return `the ${kind} line has no fingerprint`;
  // SRS waits for the client's handshake.
  return setup === 'passive' || setup === 'holdconn'
    ? `the ${kind} line must be able to be the active side`
    : undefined;
}

/** How many lines of media an answer takes part in. SRS answers without any where it knows none of the tracks. */
export function answeredLines(text: string): number {
  try {
    return parseSdp(text).media.filter(({ direction, codecs }) => direction !== 'inactive' && codecs.length > 0).length;
  } catch (error) {
    if (error instanceof FormatError) return 0;
    throw error;
  }
}

const invalid = (why: string): Denial => deny(400, 'invalid_sdp', `The offer cannot be used: ${why}.`);

export function deny(status: Denial['status'], code: string, message: string): Denial {
  return { action: 'deny', status, code, message };
}
