import { KaiboError, WhepPlayer } from '@kaibo/client';
import { codecName } from '../../codec-name.ts';
import type { PlaySession, SessionEnd, SessionOptions } from './play-session.ts';

const STATS_MS = 1_000;

/** WebRTC by WHEP: no buffer of ours, so there is nothing to catch up with. */
export class WhepSession implements PlaySession {
  readonly #options: SessionOptions;
  readonly #player: WhepPlayer;
  #stream: MediaStream | null = null;
  #delayS = 0;
  #destroyed = false;
  #statsTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    // While the publisher is away nothing comes, and the player knows when that is.
    this.#player = new WhepPlayer({ url: options.url, mayBeSilent: true, onEnd: (error) => this.#end(endOf(error)) });
  }

  async open(): Promise<void> {
    if (typeof RTCPeerConnection === 'undefined') return this.#end({ kind: 'unsupported' });
    try {
      const stream = await this.#player.play();
      if (!this.#destroyed) this.#attach(stream);
    } catch (error) {
      this.#end(endOf(error));
    }
  }

  /** Pictures. Only they tell that a stream moves: its time goes on in some browsers when nothing comes. */
  progress(): number {
    const { video } = this.#options;
    if (this.#stream === null || video.srcObject !== this.#stream) return 0;
    return video.videoWidth > 0 ? video.getVideoPlaybackQuality().totalVideoFrames : video.currentTime;
  }

  /** What the jitter buffer holds, and half of the way to the server and back. */
  delayS(): number {
    return this.#delayS;
  }

  keepUp(): boolean {
    return false;
  }

  jumpToLive(): void {
    // A stream has no past to jump from.
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    clearInterval(this.#statsTimer);
    const { video } = this.#options;
    // A source object would hide the source of whoever plays next.
    if (this.#stream !== null && video.srcObject === this.#stream) video.srcObject = null;
    // The server notices by itself when the request does not arrive.
    void this.#player.close().catch(() => {});
  }

  #attach(stream: MediaStream): void {
    this.#stream = stream;
    this.#options.video.srcObject = stream;
    this.#statsTimer = setInterval(() => void this.#readStats(), STATS_MS);
    void this.#readStats();
  }

  async #readStats(): Promise<void> {
    const stats = await this.#player.stats().catch(() => null);
    if (this.#destroyed || stats === null) return;
    this.#delayS = (stats.delayMs + (stats.rttMs ?? 0) / 2) / 1000;
    this.#options.events.onSpeed(stats.bitrateBps);
    this.#options.events.onFacts({ videoCodec: stats.codec, audioCodec: stats.audioCodec, fps: stats.fps });
  }

  #end(end: SessionEnd): void {
    if (this.#destroyed) return;
    queueMicrotask(() => this.#destroyed || this.#options.events.onEnd(end));
  }
}

function endOf(error: unknown): SessionEnd {
  if (error === null) return { kind: 'closed' };
  if (!(error instanceof KaiboError) || error.code !== 'codec_unsupported') return { kind: 'error' };
  return { kind: 'codec', codec: codecName(error.message) };
}
