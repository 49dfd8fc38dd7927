import { FormatError, type MediaPacket } from '@kaibo/formats';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { PosterError } from './jpeg.ts';
import { renderPoster } from './render-poster.ts';

/** ffmpegs of one worker at a time. */
const MAX_RUNNING = 2;
/** A place rests this many times as long as its ffmpeg took: with many streams each has a new picture less often. */
const REST_FACTOR = 3;
/** Key frames that wait; one for each stream. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export interface Poster {
  key: StreamKey;
  /** When its key frame came, ms since the epoch. */
  atMs: number;
  jpeg: Uint8Array;
}

export interface PosterJob {
  stream: StreamKey;
  config: MediaPacket | undefined;
  key: MediaPacket;
  /** ms since the epoch. */
  atMs: number;
  /** How it went: false when there is no picture. Not told of a job that was replaced or dropped. */
  done(ok: boolean): void;
}

export interface PosterQueueDeps {
  /** Path of the program. */
  ffmpeg: string;
  log: MediaLog;
  post(poster: Poster): void;
  timeLimitMs?: number;
}

/** The pictures that one worker has made: first come, first served, and of each stream the newest key frame only. */
export class PosterQueue {
  #deps: PosterQueueDeps;
  #waiting = new Map<StreamKey, PosterJob>();
  #waitingBytes = 0;
  #busy = 0;
  #rests = new Set<NodeJS.Timeout>();
  #closed = new AbortController();

  constructor(deps: PosterQueueDeps) {
    this.#deps = deps;
  }

  /** One that waits already keeps its place. False when too much waits: try again with a later key frame. */
  offer(job: PosterJob): boolean {
    const replacedBytes = this.#waiting.get(job.stream)?.key.payload.length ?? 0;
    const waitingBytes = this.#waitingBytes - replacedBytes + job.key.payload.length;
    if (this.#closed.signal.aborted || waitingBytes > MAX_WAITING_BYTES) return false;
    this.#waiting.set(job.stream, job);
    this.#waitingBytes = waitingBytes;
    this.#next();
    return true;
  }

  drop(stream: StreamKey): void {
    this.#take(stream);
  }

  /** Idempotent. What runs is killed. */
  close(): void {
    this.#closed.abort();
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const rest of this.#rests) clearTimeout(rest);
    this.#rests.clear();
  }

  #take(stream: StreamKey): PosterJob | undefined {
    const job = this.#waiting.get(stream);
    if (!job) return undefined;
    this.#waiting.delete(stream);
    this.#waitingBytes -= job.key.payload.length;
    return job;
  }

  #next(): void {
    while (this.#busy < MAX_RUNNING) {
      const [first] = this.#waiting.keys();
      const job = first === undefined ? undefined : this.#take(first);
      if (!job) return;
      this.#busy++;
      void this.#run(job);
    }
  }

  async #run(job: PosterJob): Promise<void> {
    const startedMs = performance.now();
    const ok = await this.#render(job);
    if (this.#closed.signal.aborted) return;
    job.done(ok);
    const rest = setTimeout(
      () => {
        this.#rests.delete(rest);
        this.#busy--;
        this.#next();
      },
      (performance.now() - startedMs) * REST_FACTOR,
    ).unref();
    this.#rests.add(rest);
  }

  async #render({ stream, config, key, atMs }: PosterJob): Promise<boolean> {
    const { ffmpeg, log, post, timeLimitMs } = this.#deps;
    try {
      const { signal } = this.#closed;
      post({ key: stream, atMs, jpeg: await renderPoster({ ffmpeg, config, key, timeLimitMs, signal }) });
      return true;
    } catch (error) {
      if (!(error instanceof PosterError || error instanceof FormatError)) throw error;
      log.debug({ stream, code: error.code }, `no poster could be made: ${error.message}`);
      return false;
    }
  }
}
