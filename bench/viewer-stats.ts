import { hasStamp, STAMP_BYTES, STAMP_OFFSET, stampSequence, stampTimeMs } from './clock.ts';

/** Bytes of a frame's body that have to be seen to judge it. */
export const BODY_HEAD_BYTES = STAMP_OFFSET + STAMP_BYTES;
const STALL_MS = 1000;
const LATENCY_BIN_MS = 0.1;
const LATENCY_BINS = 200_000;

/** What all viewers share: whether the measured window is open, and the latency of every frame in it. */
export class Window {
  isOpen = false;
  private readonly bins = new Uint32Array(LATENCY_BINS);
  private count = 0;

  addLatency(ms: number): void {
    const bin = Math.min(LATENCY_BINS - 1, Math.max(0, Math.floor(ms / LATENCY_BIN_MS)));
    this.bins[bin] = (this.bins[bin] ?? 0) + 1;
    this.count += 1;
  }

  latencyMs(quantile: number): number {
    const rank = quantile * (this.count - 1);
    let seen = 0;
    for (let bin = 0; bin < LATENCY_BINS; bin++) {
      seen += this.bins[bin] ?? 0;
      if (seen > rank) return Math.round((bin + 0.5) * LATENCY_BIN_MS * 100) / 100;
    }
    return -1;
  }
}

/** One viewer's frames, judged as they complete. */
export class ViewerStats {
  firstKeyMs = -1;
  frames = 0;
  framesInWindow = 0;
  stalls = 0;
  missing = 0;
  duplicate = 0;
  outOfOrder = 0;
  private readonly window: Window;
  private lastFrameAtMs = -1;
  private lastSequence = -1;
  private lastTimestampMs = -1;
  private lastAudioTimestampMs = -1;

  constructor(window: Window) {
    this.window = window;
  }

  /** `head` holds the body's first BODY_HEAD_BYTES (or all of it) at `at`; its last byte came at `nowMs`. */
  tag(type: number, timestampMs: number, head: Buffer, at: number, size: number, nowMs: number): void {
    if (type === 9) this.video(timestampMs, head, at, size, nowMs);
    else if (type === 8) {
      if (timestampMs < this.lastAudioTimestampMs) this.outOfOrder += 1;
      this.lastAudioTimestampMs = timestampMs;
    }
  }

  /** At the window's end: a viewer that gets nothing any more has stalled, too. */
  endWindow(nowMs: number): void {
    if (this.lastFrameAtMs >= 0 && nowMs - this.lastFrameAtMs > STALL_MS) this.stalls += 1;
  }

  private video(timestampMs: number, head: Buffer, at: number, size: number, nowMs: number): void {
    const isFrame = ((head[at] ?? 0) & 15) === 7 && head[at + 1] === 1;
    if (!isFrame) return;
    this.frames += 1;
    if ((head[at] ?? 0) >> 4 === 1 && this.firstKeyMs < 0) this.firstKeyMs = nowMs;
    if (this.window.isOpen) {
      this.framesInWindow += 1;
      if (this.lastFrameAtMs >= 0 && nowMs - this.lastFrameAtMs > STALL_MS) this.stalls += 1;
    }
    this.lastFrameAtMs = nowMs;
    const stamp = at + STAMP_OFFSET;
    if (size >= BODY_HEAD_BYTES && hasStamp(head, stamp)) {
      const sequence = stampSequence(head, stamp);
      if (this.window.isOpen) this.window.addLatency(nowMs - stampTimeMs(head, stamp));
      if (this.lastSequence >= 0) {
        if (sequence === this.lastSequence) this.duplicate += 1;
        else if (sequence < this.lastSequence) this.outOfOrder += 1;
        else this.missing += sequence - this.lastSequence - 1;
      }
      this.lastSequence = sequence;
    }
    if (timestampMs <= this.lastTimestampMs) this.outOfOrder += 1;
    this.lastTimestampMs = timestampMs;
  }
}
