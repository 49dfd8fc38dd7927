import { FormatError } from '@kaibo/formats';
import { VIDEO_CLOCK_HZ } from './codecs.ts';
import { rtpVideoCodec, VideoPacketizer } from './packetize.ts';
import { RtpHistory } from './rtp-history.ts';
const TICKS_PER_MS = VIDEO_CLOCK_HZ / 1000;
/** Frames before the present one follow each other by 1 ms when a viewer begins. */
const CATCH_UP_STEP = TICKS_PER_MS;
/** Composition times that differ by more than rounding: the encoder reorders frames. */
const REORDER_MS = 2;
/** The video of one broadcast: packets made once, in a history that all viewers are served from. */
export class BroadcastVideo {
  history = new RtpHistory();
  codec;
  /** The publisher's frames are reordered, which no browser shows: those that others do not need are left out. */
  hasBFrames = false;
  #packetizer;
  #frame = 0;
  /** First packet of the last key frame; undefined while there is none to begin with. */
  #entry;
  #timestamp = 0;
  #lastPtsMs = Number.NEGATIVE_INFINITY;
  #compositionMs;
  #needsKeyframe = true;
  /** `mode` is H.264's packetization mode, which viewers of other codecs need not know of. */
  constructor(mode = 1) {
    this.#packetizer = new VideoPacketizer(mode);
  }
  get h264Profile() {
    return this.#packetizer.h264Profile;
  }
  /** Whether a newcomer has a picture to begin with. */
  get hasEntry() {
    return this.#entry !== undefined && this.#entry >= this.history.first;
  }
  /**
   * What comes next does not build on what came: another publisher, or frames were lost on the way here. The
   * configuration stays: it is not sent again where it has not changed.
   */
  restart() {
    this.#entry = undefined;
    this.#needsKeyframe = true;
    this.#compositionMs = undefined;
    this.#lastPtsMs = Number.NEGATIVE_INFINITY;
    this.hasBFrames = false;
  }
  /** Takes a video packet and tells the number of its first RTP packet; undefined when it gave none. */
  push(packet) {
    try {
      return this.#push(packet);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#needsKeyframe = true; // a frame that cannot be read: the others build on it
      return undefined;
    }
  }
  /** Sends a viewer the last key frame and all that follows it. */
  start(line) {
    if (this.#entry === undefined || !this.hasEntry) return;
    line.begin(this.#entry, { frame: this.#frame, timestamp: this.#timestamp, step: CATCH_UP_STEP });
  }
  /** The same for a viewer that has seen the present frame, in the time until the next one. */
  repeat(line) {
    if (this.#entry === undefined || !this.hasEntry) return;
    const frames = this.#frame - (this.history.get(this.#entry)?.frame ?? this.#frame) + 1;
    // A tick apart, so that even a long group of pictures is shown before the next frame, whenever that comes.
    line.begin(this.#entry, { frame: this.#frame + 1, timestamp: (this.#timestamp + frames + 1) >>> 0, step: 1 });
  }
  #push(packet) {
    if (packet.config) {
      const codec = rtpVideoCodec(packet);
      if (codec !== this.codec) this.restart();
      this.codec = codec;
      this.#packetizer.configure(packet);
      return undefined;
    }
    if (packet.metadata || packet.end || !this.codec || rtpVideoCodec(packet) !== this.codec) return undefined;
    if (this.#needsKeyframe && !packet.keyframe) return undefined;
    this.#watchOrder(packet);
    if (this.hasBFrames && this.#leavesOut(packet)) return undefined;
    return this.#append(packet);
  }
  #append(packet) {
    const payloads = this.#packetizer.frame(packet);
    const from = this.history.next;
    this.#needsKeyframe = false;
    const timestamp = Math.round(packet.ptsMs * TICKS_PER_MS) >>> 0;
    this.#timestamp = timestamp;
    this.#lastPtsMs = packet.ptsMs;
    this.#frame++;
    for (const [index, bytes] of payloads.entries())
      this.history.push({ bytes, frame: this.#frame, timestamp, marker: index === payloads.length - 1 });
    if (packet.keyframe) this.#entry = from;
    return from;
  }
  #watchOrder({ ptsMs, dtsMs }) {
    const compositionMs = ptsMs - dtsMs;
    this.#compositionMs ??= compositionMs;
    if (Math.abs(compositionMs - this.#compositionMs) > REORDER_MS) this.hasBFrames = true;
  }
  /** RTP has one time per frame and browsers show them as they come: what would go back in time goes. */
  #leavesOut(packet) {
    return this.#packetizer.isDisposable(packet) || packet.ptsMs <= this.#lastPtsMs;
  }
}
