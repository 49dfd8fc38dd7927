import type { MediaOptions } from '../options.ts';
import type { HubTotals } from './hub-totals.ts';
import { Stream, type StreamKey } from './stream.ts';

const SWEEP_MS = 1000;

/** The streams of one worker: found or made by key, swept once a second, forgotten when unused. */
export class StreamHub {
  #options: MediaOptions;
  #totals: HubTotals;
  #streams = new Map<StreamKey, Stream>();
  #sweep: NodeJS.Timeout;

  constructor(options: MediaOptions, totals: HubTotals) {
    this.#options = options;
    this.#totals = totals;
    this.#sweep = setInterval(() => this.#sweepAll(), SWEEP_MS);
    this.#sweep.unref();
  }

  find(key: StreamKey): Stream | undefined {
    return this.#streams.get(key);
  }

  open(key: StreamKey, resumeAfterMs?: number): Stream {
    let stream = this.#streams.get(key);
    if (!stream) {
      stream = new Stream({ key, options: this.#options, resumeAfterMs, totals: this.#totals });
      this.#streams.set(key, stream);
    } else if (resumeAfterMs !== undefined) stream.resumeAfter(resumeAfterMs);
    return stream;
  }

  /** Final for this broadcast: the next `open` of the key starts at stream time 0. */
  remove(key: StreamKey): void {
    this.#streams.delete(key);
  }

  values(): IterableIterator<Stream> {
    return this.#streams.values();
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#streams.clear();
  }

  #sweepAll(): void {
    const nowMs = Date.now();
    for (const stream of this.#streams.values()) {
      stream.sweep(nowMs);
      stream.meter.sample(nowMs);
      if (stream.state === 'idle' && stream.isUnused) this.#streams.delete(stream.key);
    }
  }
}
