import type { MediaLimits } from '../options.ts';
import { HubTotals } from './hub-totals.ts';
import type { Subscriber } from './subscriber.ts';

export type SinkState =
  /** Admitted, nothing sent: the stream has no media yet. */
  | 'pending'
  | 'flowing'
  /** Dropping until the next chunk a decoder can start at. */
  | 'skipping'
  /** Asked for nothing (RTMP pause). */
  | 'paused'
  | 'closed';

/** One viewer's socket and how far behind it is. The only per-viewer state on the hot path. */
export class ViewerSink {
  state: SinkState = 'pending';
  readonly subscriber: Subscriber;
  /** The stream's configuration this viewer has been sent. */
  configVersion = -1;
  /** Said when it goes, by one that takes AAC. */
  unwantAac: (() => void) | undefined;
  sentBytes = 0;
  readonly pendingSinceMs: number;
  #overSinceMs = 0;
  #limits: MediaLimits;
  #totals: HubTotals;

  constructor(
    subscriber: Subscriber,
    { limits, nowMs, totals = new HubTotals() }: { limits: MediaLimits; nowMs: number; totals?: HubTotals },
  ) {
    this.subscriber = subscriber;
    this.#limits = limits;
    this.#totals = totals;
    this.pendingSinceMs = nowMs;
  }

  write(bytes: Buffer): void {
    const { socket } = this.subscriber;
    if (socket.destroyed) return;
    this.sentBytes += bytes.length;
    this.#totals.sentBytes += bytes.length;
    socket.write(bytes);
  }

  /** Nothing more until the next chunk that a decoder can start at. */
  skip(): void {
    this.state = 'skipping';
    this.#totals.skips++;
  }

  /** True while the peer reads too slowly for one more chunk. */
  get congested(): boolean {
    if (this.subscriber.socket.writableLength <= this.#limits.viewerBufferBytes) {
      this.#overSinceMs = 0;
      return false;
    }
    if (this.#overSinceMs === 0) this.#overSinceMs = Date.now();
    return true;
  }

  /** A viewer that did not come back under its bound in time. */
  isLost(nowMs: number): boolean {
    return this.congested && nowMs - this.#overSinceMs > this.#limits.slowViewerMs;
  }
}
