import { FormatError } from '@kaibo/formats';
import { OPUS_CLOCK_HZ, VIDEO_CLOCK_HZ } from './codecs.ts';
import { opusConfig, opusFrame, VideoConverter } from './convert.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import { Reception } from './reception.ts';
/** How long a lost packet of video is waited for, whatever the round trip. */
const MIN_VIDEO_PATIENCE_MS = 300;
const MAX_VIDEO_PATIENCE_MS = 600;
/** Sound that is late is only reordered: nobody sends it again, and a hole is short. */
const AUDIO_PATIENCE_MS = 60;
/** A source that fell silent may be replaced by another of the same line. */
const STALE_MS = 2000;
/** One source of a publisher: RTP packets → in order → frames → media packets. */
export class IngestTrack {
  ssrc;
  line;
  kind;
  /** Frames were lost, and what follows builds on them. */
  needsKeyframe = false;
  #onPacket;
  #buffer;
  #clock;
  #reception;
  #assembler;
  #converter;
  #heardAtMs = 0;
  #nowMs = 0;
  #hasConfig = false;
  constructor({ ssrc, line, clock, onPacket }) {
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
  receive(packet, nowMs) {
    this.#heardAtMs = nowMs;
    this.#nowMs = nowMs;
    if (!this.line.codecs.some(({ payloadType }) => payloadType === packet.payloadType)) return;
    this.#buffer.push(this.#reception.count(packet, nowMs), packet, nowMs);
  }
  senderReport({ ntp, rtpTimestamp }, nowMs) {
    this.#reception.senderReport(ntp, nowMs);
    this.#clock.report(ntp, rtpTimestamp);
  }
  report(nowMs) {
    return this.#reception.report(nowMs);
  }
  isStale(nowMs) {
    return nowMs - this.#heardAtMs > STALE_MS;
  }
  /** Sequence numbers to ask for again. */
  tick(nowMs) {
    if (!this.#buffer.isWaiting) return [];
    this.#nowMs = nowMs;
    const missing = this.#buffer.tick(nowMs, this.kind === 'video' ? this.#videoPatienceMs() : AUDIO_PATIENCE_MS);
    return this.kind === 'video' ? missing : [];
  }
  #videoPatienceMs() {
    const wantedMs = 3 * this.#buffer.rttMs + 2 * this.#reception.jitterMs;
    return Math.min(MAX_VIDEO_PATIENCE_MS, Math.max(MIN_VIDEO_PATIENCE_MS, wantedMs));
  }
  #frame(timestamp, payloads) {
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
  #audio({ timestamp, payload }) {
    if (payload.length === 0) return;
    const timeMs = Math.round(this.#clock.time(timestamp, this.#nowMs));
    if (!this.#hasConfig) {
      this.#hasConfig = true;
      this.#onPacket(opusConfig(timeMs));
    }
    this.#onPacket(opusFrame(payload, timeMs));
  }
}
