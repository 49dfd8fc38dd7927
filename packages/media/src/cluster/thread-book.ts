import { FFMPEG_KINDS, type FfmpegKind } from '../transcode/ffmpeg-jobs.ts';
import { type ThreadFigures, ThreadMeter, type ThreadTotals } from './thread-meter.ts';

/** `main`, `worker-0` …, `rtc`. */
export type ThreadName = 'main' | 'rtc' | `worker-${number}`;

/** The figures of all threads, on the main thread. What a thread counted stays counted when it dies. */
export class ThreadBook {
  readonly #latest = new Map<ThreadName, ThreadFigures>();
  readonly #totals = new Map<keyof ThreadTotals, number>();
  readonly #own = new ThreadMeter({ timesLoop: false });
  #listener: ((thread: ThreadName, figures: ThreadFigures) => void) | undefined;

  /** Told of every report; there is one listener at most. */
  listen(listener: (thread: ThreadName, figures: ThreadFigures) => void): void {
    this.#listener = listener;
  }

  report(thread: ThreadName, figures: ThreadFigures): void {
    this.#count(thread, figures);
    this.#listener?.(thread, figures);
  }

  /** It died; one that is started in its place counts from 0. */
  lost(thread: ThreadName): void {
    this.#latest.delete(thread);
  }

  /** As of the last reports. */
  get heapBytes(): ReadonlyMap<ThreadName, number> {
    return new Map([...this.#latest].map(([thread, { heapBytes }]) => [thread, heapBytes]));
  }

  /** ffmpegs that run, over all threads. */
  get ffmpeg(): Record<FfmpegKind, number> {
    this.#readOwn();
    const running = { audio: 0, video: 0, ladder: 0, poster: 0, import: 0 };
    for (const { ffmpeg } of this.#latest.values()) for (const kind of FFMPEG_KINDS) running[kind] += ffmpeg[kind];
    return running;
  }

  /** Over all threads, those that died too. */
  total(name: keyof ThreadTotals): number {
    this.#readOwn();
    return this.#totals.get(name) ?? 0;
  }

  close(): void {
    this.#own.close();
  }

  /** The main thread has no streams, but makes pictures of files and takes in videos. */
  #readOwn(): void {
    this.#count('main', this.#own.read());
  }

  #count(thread: ThreadName, figures: ThreadFigures): void {
    const before = this.#latest.get(thread)?.totals;
    for (const [name, now] of Object.entries(figures.totals) as [keyof ThreadTotals, number][])
      this.#totals.set(name, (this.#totals.get(name) ?? 0) + now - (before?.[name] ?? 0));
    this.#latest.set(thread, figures);
  }
}
