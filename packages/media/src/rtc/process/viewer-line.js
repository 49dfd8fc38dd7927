import { encodeRtcp, ntpOfMs } from '@kaibo/formats';
import { payloadBytes, writeRtpHeader } from './rtp-history.ts';
/** Segments that a retransmission may still refer to. */
const MAX_SEGMENTS = 8;
/** Packets sent in one go to somebody who catches up; the rest follows a moment later, so that no queue on the way overflows. */
const BURST_PACKETS = 40;
const BURST_EVERY_MS = 4;
/** A lost packet is sent again at most this often a second, so that nobody makes us send the stream many times over. */
const MAX_RESENDS_PER_S = 1000;
/**
 * One viewer's place in one line of a broadcast. The only state per viewer on the hot path: numbers. Everything is sent
 * from the shared history with a header of this viewer's own.
 */
export class ViewerLine {
  #deps;
  #segments = [];
  /** In the history; undefined before the first `begin`. */
  #cursor;
  #wire = 65_536 + Math.floor(Math.random() * 32_768);
  #burst;
  #lastTimestamp = 0;
  #sent = { packets: 0, octets: 0 };
  #resends = { atMs: 0, count: 0 };
  sentBytes = 0;
  resent = 0;
  constructor(deps) {
    this.#deps = deps;
  }
  get ssrc() {
    return this.#deps.ssrc;
  }
  get hasBegun() {
    return this.#cursor !== undefined;
  }
  /**
   * Goes on at packet `from`. What is there already is sent at once; its frames carry times close together before
   * `live`, the first frame that has a time of its own, so that a player shows the present and not the past.
   */
  begin(from, live) {
    this.#segments.push({
      wire: this.#wire,
      number: from,
      liveFrame: live.frame,
      liveTimestamp: live.timestamp,
      step: live.step,
    });
    if (this.#segments.length > MAX_SEGMENTS) this.#segments.shift();
    this.#cursor = from;
    clearTimeout(this.#burst);
    this.#burst = undefined;
    this.#pump();
  }
  /** Packets from `from` on have come into the history. */
  advance(from) {
    if (this.#cursor === from && this.#burst === undefined) this.#pump();
  }
  /** The history no longer has what comes next. */
  get isLost() {
    return this.#cursor !== undefined && this.#cursor < this.#deps.history.first;
  }
  get lastTimestamp() {
    return this.#lastTimestamp;
  }
  /** RFC 4585, 6.2.1: sends again what is still kept. */
  resend(sequences, nowMs) {
    for (const sequence of sequences) {
      if (nowMs - this.#resends.atMs >= 1000) this.#resends = { atMs: nowMs, count: 0 };
      if (this.#resends.count++ >= MAX_RESENDS_PER_S) return;
      const wire = this.#unwrap(sequence);
      const segment = this.#segments.findLast((one) => one.wire <= wire);
      if (!segment || wire >= this.#wire) continue;
      const packet = this.#deps.history.get(segment.number + (wire - segment.wire));
      if (!packet) continue;
      this.#write(packet, { segment, wire });
      this.resent++;
    }
  }
  /** RFC 3550, 6.4.1: which time of the line `ntpMs` (ms since 1970) is. Undefined before the first packet. */
  report(ntpMs, rtpTimestamp) {
    if (this.#cursor === undefined) return undefined;
    const { packets, octets } = this.#sent;
    const { ssrc } = this.#deps;
    return encodeRtcp([
      { type: 'sr', ssrc, ntp: ntpOfMs(ntpMs), rtpTimestamp, packets, octets: octets >>> 0, reports: [] },
      { type: 'sdes', chunks: [{ ssrc, cname: 'kaibo' }] },
    ]);
  }
  close() {
    clearTimeout(this.#burst);
    this.#burst = undefined;
    this.#cursor = undefined;
  }
  #pump() {
    const { history } = this.#deps;
    const segment = this.#segments.at(-1);
    if (!segment || this.#cursor === undefined) return;
    const end = Math.min(history.next, this.#cursor + BURST_PACKETS);
    for (; this.#cursor < end; this.#cursor++) {
      const packet = history.get(this.#cursor);
      if (!packet) return; // overtaken: the broadcast begins it anew
      this.#write(packet, { segment, wire: this.#wire++ });
    }
    if (this.#cursor >= history.next) return;
    this.#burst = setTimeout(() => {
      this.#burst = undefined;
      this.#pump();
    }, BURST_EVERY_MS);
  }
  #write(packet, { segment, wire }) {
    const payloadType = this.#deps.payloadType();
    if (payloadType === undefined) return;
    const isLive = packet.frame >= segment.liveFrame;
    const timestamp = isLive
      ? packet.timestamp
      : (segment.liveTimestamp - (segment.liveFrame - packet.frame) * segment.step) >>> 0;
    writeRtpHeader(packet, { payloadType, sequence: wire & 0xffff, timestamp, ssrc: this.#deps.ssrc });
    this.#lastTimestamp = timestamp;
    if (!this.#deps.send(packet.bytes)) return;
    this.#sent.packets++;
    this.#sent.octets += payloadBytes(packet);
    this.sentBytes += packet.bytes.length;
  }
  /** The number on the wire that a 16-bit one means: at most half a turn before the next. */
  #unwrap(sequence) {
    const behind = (this.#wire - sequence) & 0xffff;
    return this.#wire - behind;
  }
}
