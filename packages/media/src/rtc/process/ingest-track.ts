import { FormatError, type MediaPacket, type RtcpPacket, type RtcpReport, type RtpPacket } from '@kaibo/formats';
import { OPUS_CLOCK_HZ, VIDEO_CLOCK_HZ } from './codecs.ts';
import { opusConfig, opusFrame, VideoConverter } from './convert.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import type { AcceptedLine } from './negotiation.ts';
import { Reception } from './reception.ts';
import type { SessionClock, TrackClock } from './session-clock.ts';

/** How long a lost packet of video is waited for, whatever the round trip. */
const MIN_VIDEO_PATIENCE_MS = 300;
const MAX_VIDEO_PATIENCE_MS = 600;
/** Sound that is late is only reordered: nobody sends it again, and a hole is short. */
const AUDIO_PATIENCE_MS = 60;
/** A source that fell silent may be replaced by another of the same line. */
const STALE_MS = 2000;

export interface IngestTrackDeps {
  ssrc: number;
  line: AcceptedLine;
  clock: SessionClock;
  onPacket(packet: MediaPacket): void;
}

/** One source of a publisher: RTP packets → in order → frames → media packets. */
export class IngestTrack {
  readonly ssrc: number;
  readonly line: AcceptedLine;
  readonly kind: AcceptedLine['kind'];
  /** Frames were lost, and what follows builds on them. */
  needsKeyframe = false;
  #onPacket: IngestTrackDeps['onPacket'];
  #buffer: JitterBuffer;
  #clock: TrackClock;
  #reception: Reception;
  #assembler: FrameAssembler | undefined;
  #converter: VideoConverter | undefined;
  #heardAtMs = 0;
  #nowMs = 0;
  #hasConfig = false;

  constructor({ ssrc, line, clock, onPacket }: IngestTrackDeps) {
    this.ssrc = ssrc;
    this.line = line;
    this.kind = line.kind;
    this.#onPacket = onPacket;
    const clockHz = line.kind === 'video' ? VIDEO_CLOCK_HZ : OPUS_CLOCK_HZ;
    this.#clock = clock.track(clockHz);
    this.#reception = new Reception(ssrc, clockHz);
    const codec = line.codecs[0]?.codec;
    if (codec !== undefined && codec !== 'opus') {
      this.#converter = new VideoConverter(codec);
      this.#assembler = new FrameAssembler({
        codec,
        onFrame: ({ timestamp, payloads }) => this.#frame(timestamp, payloads),
      });
      this.needsKeyframe = true;
    }
    this.#buffer = new JitterBuffer({
      packet: (packet) => (this.#assembler ? this.#assembler.push(packet) : this.#audio(packet)),
      gap: () => {
        if (!this.#assembler) return;
        this.#assembler.gap();
        this.needsKeyframe = true;
      },
    });
  }

  receive(packet: RtpPacket, nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#nowMs = nowMs;
    if (!this.line.codecs.some(({ payloadType }) => payloadType === packet.payloadType)) return;
    this.#buffer.push(this.#reception.count(packet, nowMs), packet, nowMs);
  }

  senderReport({ ntp, rtpTimestamp }: Extract<RtcpPacket, { type: 'sr' }>, nowMs: number): void {
    this.#reception.senderReport(ntp, nowMs);
    this.#clock.report(ntp, rtpTimestamp);
  }

  report(nowMs: number): RtcpReport {
    return this.#reception.report(nowMs);
  }

  isStale(nowMs: number): boolean {
    return nowMs - this.#heardAtMs > STALE_MS;
  }

  /** Sequence numbers to ask for again. */
  tick(nowMs: number): number[] {
    if (!this.#buffer.isWaiting) return [];
    this.#nowMs = nowMs;
    const missing = this.#buffer.tick(nowMs, this.kind === 'video' ? this.#videoPatienceMs() : AUDIO_PATIENCE_MS);
    return this.kind === 'video' ? missing : [];
  }

  #videoPatienceMs(): number {
    const wantedMs = 3 * this.#buffer.rttMs + 2 * this.#reception.jitterMs;
    return Math.min(MAX_VIDEO_PATIENCE_MS, Math.max(MIN_VIDEO_PATIENCE_MS, wantedMs));
  }

  #frame(timestamp: number, payloads: readonly Uint8Array[]): void {
    try {
      const timeMs = Math.round(this.#clock.time(timestamp, this.#nowMs));
      const packets = this.#converter?.convert(payloads, timeMs) ?? [];
      const isEntry = packets.some(({ keyframe }) => keyframe);
      if (this.needsKeyframe && !isEntry) return;
      this.needsKeyframe = false;
      for (const packet of packets) this.#onPacket(packet);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.needsKeyframe = true;
    }
  }

  #audio({ timestamp, payload }: RtpPacket): void {
    if (payload.length === 0) return;
    const timeMs = Math.round(this.#clock.time(timestamp, this.#nowMs));
    if (!this.#hasConfig) {
      this.#hasConfig = true;
      this.#onPacket(opusConfig(timeMs));
    }
    this.#onPacket(opusFrame(payload, timeMs));
  }
}
