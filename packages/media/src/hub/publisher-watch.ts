import type { MediaLimits } from '../options.ts';
import type { EndReason } from './subscriber.ts';

const TICK_MS = 1000;
/** Bitrate is judged over this many ticks, so that a key frame is no offence. */
const BITRATE_TICKS = 5;

/** Ends a publisher that fell silent or sends more than it may. Every publisher has one; `close` ends its timer. */
export class PublisherWatch {
  #timer: NodeJS.Timeout;
  #bytes = 0;
  #idleMs = 0;
  #history: number[] = [];

  constructor({ limits, stop }: { limits: MediaLimits; stop: (reason: EndReason) => void }) {
    this.#timer = setInterval(() => {
      const reason = this.#tick(limits);
      if (reason) stop(reason);
    }, TICK_MS);
    this.#timer.unref();
  }

  /** Media bytes arrived. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(limits: MediaLimits): EndReason | undefined {
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#idleMs = bytes > 0 ? 0 : this.#idleMs + TICK_MS;
    if (this.#idleMs >= limits.publisherIdleMs) return 'idle';
    this.#history.push(bytes);
    if (this.#history.length < BITRATE_TICKS) return undefined;
    const bits = this.#history.reduce((sum, tick) => sum + tick, 0) * 8;
    this.#history.shift();
    return bits / (BITRATE_TICKS * (TICK_MS / 1000)) > limits.publishBitrateBps ? 'bitrate_limit' : undefined;
  }
}
