import { encodeRtcp, FormatError, isRtcp, parseRtcp, parseRtpPacket } from '@kaibo/formats';
import { PublisherWatch } from '../../hub/publisher-watch.ts';
import { ArrivalLog } from './arrival-log.ts';
import { IngestTrack } from './ingest-track.ts';
import { SessionClock } from './session-clock.ts';
/** Ours, in what we send back. */
const OWN_SSRC = 1;
/** Feedback on arrivals: what browsers expect is 50 to 250 ms. */
const FEEDBACK_EVERY_MS = 100;
const REPORT_EVERY_MS = 1000;
/** Browsers make key frames on request only; FLV and HLS viewers begin at one. */
const KEYFRAME_EVERY_MS = 2000;
const KEYFRAME_ASK_EVERY_MS = 400;
/** A publisher of whom nothing is heard for this long has gone. */
const SILENCE_MS = 5000;
/** What a sender that only knows this estimate may send at most (draft-alvestrand-rmcat-remb). */
const MAX_REMB_BPS = 20_000_000;
/** Sources of one peer; a browser has two. */
const MAX_SOURCES = 8;
/** ms, to the µs, of the one clock of a publisher: between an arrival and a tick no correction of the machine's time may come. */
export function ingestNowMs() {
  return performance.timeOrigin + performance.now();
}
/** A peer that publishes: RTP in, media packets out, and what the sender needs to know of what arrived. */
export class RtcPublisher {
  clientId;
  recvBytes = 0;
  #deps;
  #clock = new SessionClock();
  #tracks = new Map();
  #arrivals;
  #watch;
  /** 0 before it is connected. */
  #heardAtMs = 0;
  #feedbackAtMs = 0;
  #reportAtMs = 0;
  #keyframeAtMs = 0;
  #askedAtMs = 0;
  #closed = false;
  constructor(deps) {
    this.#deps = deps;
    this.clientId = deps.clientId;
    if (deps.lines.some(({ transportCcId }) => transportCcId !== undefined)) this.#arrivals = new ArrivalLog();
    this.#watch = new PublisherWatch({ limits: deps.limits, stop: (reason) => this.finish(reason) });
  }
  connected() {
    this.#heardAtMs = ingestNowMs();
    this.#keyframeAtMs = this.#heardAtMs;
  }
  /** RTP and RTCP as they come. What cannot be read, or belongs to nothing that was agreed on, is nothing. */
  receive(bytes) {
    if (this.#closed) return;
    this.recvBytes += bytes.length;
    try {
      if (isRtcp(bytes)) for (const packet of parseRtcp(bytes)) this.#control(packet);
      else this.#media(parseRtpPacket(bytes), bytes.length);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  /** A viewer has nothing to begin with, or lost a picture. */
  requestKeyframe() {
    const nowMs = ingestNowMs();
    if (nowMs - this.#askedAtMs < KEYFRAME_ASK_EVERY_MS) return;
    this.#askedAtMs = nowMs;
    for (const track of this.#tracks.values()) {
      if (track.kind === 'video') this.#send([{ type: 'pli', ssrc: OWN_SSRC, mediaSsrc: track.ssrc }]);
    }
  }
  /** About a hundred times a second; `nowMs` is `ingestNowMs()`. */
  tick(nowMs) {
    if (this.#closed || this.#heardAtMs === 0) return;
    if (nowMs - this.#heardAtMs > SILENCE_MS) return this.finish('idle');
    for (const track of this.#tracks.values()) {
      const sequences = track.tick(nowMs);
      if (sequences.length > 0) this.#send([{ type: 'nack', ssrc: OWN_SSRC, mediaSsrc: track.ssrc, sequences }]);
      if (track.needsKeyframe) this.requestKeyframe();
    }
    if (nowMs - this.#keyframeAtMs > KEYFRAME_EVERY_MS) this.requestKeyframe();
    if (nowMs - this.#feedbackAtMs >= FEEDBACK_EVERY_MS) this.#feedback(nowMs);
    if (nowMs - this.#reportAtMs >= REPORT_EVERY_MS) this.#report(nowMs);
  }
  /** The server ends it. */
  finish(reason) {
    if (this.#closed) return;
    this.#send([{ type: 'bye', ssrcs: [OWN_SSRC] }]);
    this.close();
    this.#deps.onEnd(reason);
  }
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#deps.transport.close();
  }
  #media(packet, bytes) {
    const track = this.#tracks.get(packet.ssrc) ?? this.#newTrack(packet);
    if (!track) return;
    const nowMs = ingestNowMs();
    this.#heardAtMs = nowMs;
    this.#watch.count(bytes);
    const { transportCcId } = track.line;
    const extension = packet.extensions.find(({ id }) => id === transportCcId)?.data;
    if (extension && extension.length >= 2)
      this.#arrivals?.add(((extension[0] ?? 0) << 8) | (extension[1] ?? 0), nowMs);
    track.receive(packet, nowMs);
  }
  /** A source that the offer announced, or else one of a line's payload type: its only one. */
  #newTrack(packet) {
    const { lines } = this.#deps;
    const byType = lines.find(({ codecs }) => codecs.some(({ payloadType }) => payloadType === packet.payloadType));
    if (!byType || this.#tracks.size >= MAX_SOURCES) return undefined;
    const isAnnounced = byType.ssrcs.includes(packet.ssrc);
    const other = [...this.#tracks.values()].find(({ line }) => line === byType);
    // Retransmission and further layers have sources of their own; a sender that begins anew says so in its packets.
    if (other && (!isAnnounced || byType.ssrcs.includes(other.ssrc)) && !other.isStale(ingestNowMs())) return undefined;
    if (other) this.#tracks.delete(other.ssrc);
    const track = new IngestTrack({
      ssrc: packet.ssrc,
      line: byType,
      clock: this.#clock,
      onPacket: (media) => {
        if (media.keyframe) this.#keyframeAtMs = ingestNowMs();
        this.#deps.onPacket(media);
      },
    });
    this.#tracks.set(packet.ssrc, track);
    return track;
  }
  #control(packet) {
    this.#heardAtMs = ingestNowMs();
    switch (packet.type) {
      case 'sr':
        this.#tracks.get(packet.ssrc)?.senderReport(packet, this.#heardAtMs);
        return;
      case 'bye':
        return; // a layer or a muted camera; a peer that goes closes its transport
      case 'rr':
      case 'sdes':
      case 'nack':
      case 'pli':
      case 'fir':
      case 'remb':
      case 'transport-cc':
      case 'other':
        return;
      default:
        packet;
    }
  }
  #feedback(nowMs) {
    this.#feedbackAtMs = nowMs;
    const mediaSsrc = this.#videoSsrc;
    for (;;) {
      const feedback = this.#arrivals?.take({ ssrc: OWN_SSRC, mediaSsrc });
      if (!feedback) return;
      this.#send([feedback]);
    }
  }
  #report(nowMs) {
    this.#reportAtMs = nowMs;
    const tracks = [...this.#tracks.values()];
    if (tracks.length === 0) return;
    const reports = tracks.map((track) => track.report(nowMs));
    const packets = [{ type: 'rr', ssrc: OWN_SSRC, reports }];
    if (!this.#arrivals) {
      const bitrateBps = Math.min(this.#deps.limits.publishBitrateBps, MAX_REMB_BPS);
      packets.push({ type: 'remb', ssrc: OWN_SSRC, bitrateBps, mediaSsrcs: tracks.map(({ ssrc }) => ssrc) });
    }
    this.#send(packets);
  }
  get #videoSsrc() {
    const tracks = [...this.#tracks.values()];
    return (tracks.find(({ kind }) => kind === 'video') ?? tracks[0])?.ssrc ?? 0;
  }
  #send(packets) {
    this.#deps.transport.send(encodeRtcp(packets));
  }
}
