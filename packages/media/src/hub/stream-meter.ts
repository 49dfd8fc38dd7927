import type { MediaPacket } from '@kaibo/formats';

/** Running counts of one stream; rates are taken between two `sample` calls. */
export class StreamMeter {
  recvBytes = 0;
  frames = 0;
  /** What viewers that have left were sent. */
  closedSentBytes = 0;
  recvBps = 0;
  fps = 0;
  lastPacketAtMs = 0;
  /** Tells the codec of audio that has no configuration packet (MP3, G.711). */
  firstAudio: MediaPacket | undefined;
  #sampled = { atMs: 0, recvBytes: 0, frames: 0 };

  count(packet: MediaPacket): void {
    this.recvBytes += packet.payload.length;
    if (packet.kind === 'video' && !packet.config && !packet.metadata) this.frames++;
    if (packet.kind === 'audio') this.firstAudio ??= packet;
    this.lastPacketAtMs = Date.now();
  }

  /** Once a second. Rates are bits and frames per second since the last sample. */
  sample(nowMs: number): void {
    const elapsedS = (nowMs - this.#sampled.atMs) / 1000;
    if (this.#sampled.atMs > 0 && elapsedS > 0) {
      this.recvBps = Math.round(((this.recvBytes - this.#sampled.recvBytes) * 8) / elapsedS);
      this.fps = Math.round(((this.frames - this.#sampled.frames) / elapsedS) * 10) / 10;
    }
    this.#sampled = { atMs: nowMs, recvBytes: this.recvBytes, frames: this.frames };
  }
}
