import type { DirectoryEntry } from '../cluster/directory-entry.ts';
import type { MediaEvent } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { Poster } from './poster-queue.ts';

/** All posters together; past it the oldest goes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A picture of a stream. */
export interface PosterInfo {
  jpeg: Buffer;
  /** When it was so, ms since the epoch. */
  atMs: number;
}

/** The last picture of each broadcast, on the main thread. */
export class PosterBook {
  #entry: (key: StreamKey) => DirectoryEntry | undefined;
  #maxBytes: number;
  #posters = new Map<StreamKey, PosterInfo>();
  #bytes = 0;

  constructor({
    entry,
    maxBytes = MAX_BYTES,
  }: {
    entry(key: StreamKey): DirectoryEntry | undefined;
    maxBytes?: number;
  }) {
    this.#entry = entry;
    this.#maxBytes = maxBytes;
  }

  get(key: StreamKey): PosterInfo | undefined {
    return this.#posters.get(key);
  }

  /**
   * What a worker has made; left out when its broadcast is over by now. The answer is what others are to be told: the
   * first of a broadcast.
   */
  take({ key, atMs, jpeg }: Poster): MediaEvent[] {
    const entry = this.#entry(key);
    if (!entry || entry.state === 'idle' || atMs < entry.startedAtMs) return [];
    const isFirst = !this.#posters.has(key);
    this.#forget(key);
    this.#posters.set(key, { jpeg: Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length), atMs });
    this.#bytes += jpeg.length;
    for (const oldest of this.#posters.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
    return isFirst ? [{ type: 'poster', app: entry.app, stream: entry.stream, atMs }] : [];
  }

  /** Of what the hooks are told. */
  heard(event: MediaEvent): void {
    if (event.type === 'ended') this.#forget(streamKeyOf(event));
  }

  #forget(key: StreamKey): void {
    const known = this.#posters.get(key);
    if (!known) return;
    this.#posters.delete(key);
    this.#bytes -= known.jpeg.length;
  }
}
