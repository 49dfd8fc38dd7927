import {
  encodeRtcp,
  FormatError,
  isRtcp,
  type MediaPacket,
  ntpMiddle,
  ntpOfMs,
  parseRtcp,
  parseRtpPacket,
  type RtcpPacket,
  type RtpPacket,
  type XrDelay,
} from '@kaibo/formats';
import { PublisherWatch } from '../../hub/publisher-watch.ts';
import type { EndReason } from '../../hub/subscriber.ts';
import type { MediaLimits } from '../../options.ts';
import { ArrivalLog } from './arrival-log.ts';
import { IngestTrack } from './ingest-track.ts';
import type { AcceptedLine } from './negotiation.ts';
import type { PeerSender } from './peer-transport.ts';
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
/** Round trips are told in 1/65536 s; what is longer than half a minute is none. */
const UNITS_PER_MS = 65.536;
const MAX_ROUND_TRIP_UNITS = 30_000 * UNITS_PER_MS;
/** Sources of one peer; a browser has two. */
const MAX_SOURCES = 8;

/** ms, to the µs, of the one clock of a publisher: between an arrival and a tick no correction of the machine's time may come. */
export function ingestNowMs(): number {
  return performance.timeOrigin + performance.now();
}

export interface PublisherDeps {
  clientId: string;
  transport: PeerSender;
  lines: readonly AcceptedLine[];
  limits: MediaLimits;
  onPacket(packet: MediaPacket): void;
  onEnd(reason: EndReason): void;
}

/** A peer that publishes: RTP in, media packets out, and what the sender needs to know of what arrived. */
export class RtcPublisher {
  readonly clientId: string;
  recvBytes = 0;
  /** To the publisher and back, as of its last extended report; undefined before one. */
  rttMs: number | undefined;
  #deps: PublisherDeps;
  #clock = new SessionClock();
  #tracks = new Map<number, IngestTrack>();
  #arrivals: ArrivalLog | undefined;
  #watch: PublisherWatch;
  /** 0 before it is connected. */
  #heardAtMs = 0;
  #feedbackAtMs = 0;
  #reportAtMs = 0;
  #keyframeAtMs = 0;
  #askedAtMs = 0;
  #closed = false;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.clientId = deps.clientId;
    if (deps.lines.some(({ transportCcId }) => transportCcId !== undefined)) this.#arrivals = new ArrivalLog();
    this.#watch = new PublisherWatch({ limits: deps.limits, stop: (reason) => this.finish(reason) });
  }

  connected(): void {
    this.#heardAtMs = ingestNowMs();
    this.#keyframeAtMs = this.#heardAtMs;
  }

  /** RTP and RTCP as they come. What cannot be read, or belongs to nothing that was agreed on, is nothing. */
  receive(bytes: Uint8Array): void {
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
  requestKeyframe(): void {
    const nowMs = ingestNowMs();
    if (nowMs - this.#askedAtMs < KEYFRAME_ASK_EVERY_MS) return;
    this.#askedAtMs = nowMs;
    for (const track of this.#tracks.values()) {
      if (track.kind === 'video') this.#send([{ type: 'pli', ssrc: OWN_SSRC, mediaSsrc: track.ssrc }]);
    }
  }

  /** About a hundred times a second; `nowMs` is `ingestNowMs()`. */
  tick(nowMs: number): void {
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
  finish(reason: EndReason): void {
    if (this.#closed) return;
    this.#send([{ type: 'bye', ssrcs: [OWN_SSRC] }]);
    this.close();
    this.#deps.onEnd(reason);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#deps.transport.close();
  }

  #media(packet: RtpPacket, bytes: number): void {
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
  #newTrack(packet: RtpPacket): IngestTrack | undefined {
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

  #control(packet: RtcpPacket): void {
    this.#heardAtMs = ingestNowMs();
    switch (packet.type) {
      case 'sr':
        this.#tracks.get(packet.ssrc)?.senderReport(packet, this.#heardAtMs);
        return;
      case 'xr':
        for (const delay of packet.delays) if (delay.ssrc === OWN_SSRC) this.#roundTrip(delay, this.#heardAtMs);
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
        packet satisfies never;
    }
  }

  #feedback(nowMs: number): void {
    this.#feedbackAtMs = nowMs;
    const mediaSsrc = this.#videoSsrc;
    for (;;) {
      const feedback = this.#arrivals?.take({ ssrc: OWN_SSRC, mediaSsrc });
      if (!feedback) return;
      this.#send([feedback]);
    }
  }

  #report(nowMs: number): void {
    this.#reportAtMs = nowMs;
    const tracks = [...this.#tracks.values()];
    if (tracks.length === 0) return;
    const reports = tracks.map((track) => track.report(nowMs));
    const packets: Parameters<typeof encodeRtcp>[0][number][] = [{ type: 'rr', ssrc: OWN_SSRC, reports }];
    // Nothing else tells a receiver how far the sender is (RFC 3611, 4.4).
    packets.push({ type: 'xr', ssrc: OWN_SSRC, receiverTime: ntpOfMs(nowMs), delays: [] });
    if (!this.#arrivals) {
      const bitrateBps = Math.min(this.#deps.limits.publishBitrateBps, MAX_REMB_BPS);
      packets.push({ type: 'remb', ssrc: OWN_SSRC, bitrateBps, mediaSsrcs: tracks.map(({ ssrc }) => ssrc) });
    }
    this.#send(packets);
  }

  /** RFC 3611, 4.5; a clock that was set back in between tells nothing. */
  #roundTrip({ lastReceiverTime, delaySinceThen }: XrDelay, nowMs: number): void {
    if (lastReceiverTime === 0) return;
    const units = (ntpMiddle(ntpOfMs(nowMs)) - lastReceiverTime - delaySinceThen) >>> 0;
    if (units < MAX_ROUND_TRIP_UNITS) this.rttMs = Math.round((units / UNITS_PER_MS) * 10) / 10;
  }

  get #videoSsrc(): number {
    const tracks = [...this.#tracks.values()];
    return (tracks.find(({ kind }) => kind === 'video') ?? tracks[0])?.ssrc ?? 0;
  }

  #send(packets: Parameters<typeof encodeRtcp>[0]): void {
    this.#deps.transport.send(encodeRtcp(packets));
  }
}
