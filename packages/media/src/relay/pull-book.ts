import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { MediaOptions } from '../options.ts';
import type { PullOrder } from './pull.ts';
import { pullUrlOf } from './pull-rule.ts';

/** A worker that died is replaced within this time, mostly. */
const REPLACE_MS = 1000;

interface Entry {
  order: PullOrder;
  isAlways: boolean;
  /** Where it runs; undefined until a worker is there. */
  workerId: number | undefined;
  /** Until it is stopped because nobody watches. */
  linger: NodeJS.Timeout | undefined;
}

export interface PullBookDeps {
  options: MediaOptions;
  log: MediaLog;
  send(workerId: number, notice: MainNotice): void;
  /** Workers that run, in no order. */
  workers(): readonly number[];
  /** By worker, who watches or waits; undefined for a stream that somebody publishes, or did and may come back. */
  waitingFor(key: StreamKey): ReadonlyMap<number, number> | undefined;
  viewersOf(key: StreamKey): number;
  end(key: StreamKey): void;
}

/**
 * Which streams are fetched from elsewhere, on the main thread: those that somebody wants to watch and nobody publishes, by the
 * operator's rules, and those that are wanted always. A publisher here ends the fetching of its stream.
 */
export class PullBook {
  readonly #deps: PullBookDeps;
  readonly #entries = new Map<StreamKey, Entry>();
  #replacing: NodeJS.Timeout | undefined;
  #nextWorker = 0;

  constructor(deps: PullBookDeps) {
    this.#deps = deps;
  }

  /** After the workers. */
  start(): void {
    for (const { app, stream, mode } of this.#deps.options.relay.pull)
      if (mode === 'always') this.#want({ app, stream }, { isAlways: true });
  }

  heard(event: MediaEvent): void {
    const { app, stream } = event;
    const key = streamKeyOf(event);
    switch (event.type) {
      case 'playing':
        return this.#want({ app, stream }, { isAlways: false });
      case 'stopped':
        return this.#maybeUnwatched(key);
      case 'published':
        if (event.client.protocol !== 'relay') this.#drop(key);
        return;
      case 'ended':
        if (this.#entries.get(key)?.isAlways !== true) this.#drop(key);
        if (this.#isAlways(app, stream)) this.#want({ app, stream }, { isAlways: true });
        return;
      case 'interrupted':
      case 'poster':
      case 'renditions':
      case 'findings':
      case 'recording_started':
      case 'recording_part':
      case 'recording_ended':
        return;
      default:
        event satisfies never;
    }
  }

  workerLost(workerId: number): void {
    for (const entry of this.#entries.values()) if (entry.workerId === workerId) entry.workerId = undefined;
    this.#replaceSoon();
  }

  close(): void {
    clearTimeout(this.#replacing);
    for (const { linger } of this.#entries.values()) clearTimeout(linger);
    this.#entries.clear();
  }

  #want({ app, stream }: { app: string; stream: string }, { isAlways }: { isAlways: boolean }): void {
    const key = streamKeyOf({ app, stream });
    const known = this.#entries.get(key);
    if (known !== undefined) {
      clearTimeout(known.linger);
      known.linger = undefined;
      return;
    }
    const { options, log } = this.#deps;
    const url = pullUrlOf(options.relay.pull, { app, stream });
    if (url === undefined || (!isAlways && this.#deps.waitingFor(key) === undefined)) return;
    if (this.#entries.size >= options.limits.streams) {
      log.warn({ stream: key }, 'a stream is not fetched: as many as may be are fetched already');
      return;
    }
    const entry: Entry = { order: { app, stream, url }, isAlways, workerId: undefined, linger: undefined };
    this.#entries.set(key, entry);
    this.#place(key, entry);
  }

  #isAlways(app: string, stream: string): boolean {
    const { pull } = this.#deps.options.relay;
    return pull.some((rule) => rule.mode === 'always' && rule.app === app && rule.stream === stream);
  }

  /** Asked again when the time is over: the viewer that left is still counted while it is told. */
  #maybeUnwatched(key: StreamKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.isAlways) return;
    clearTimeout(entry.linger);
    entry.linger = setTimeout(() => {
      if (this.#deps.viewersOf(key) > 0) return;
      this.#drop(key);
      this.#deps.end(key);
    }, this.#deps.options.relay.pullLingerMs);
  }

  #drop(key: StreamKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    clearTimeout(entry.linger);
    if (entry.workerId !== undefined) this.#deps.send(entry.workerId, { type: 'pull-stop', key });
  }

  /** Best where somebody waits: media then crosses to no other worker. */
  #place(key: StreamKey, entry: Entry): void {
    const workers = this.#deps.workers();
    const near = [...(this.#deps.waitingFor(key)?.keys() ?? [])].find((workerId) => workers.includes(workerId));
    entry.workerId = near ?? workers[this.#nextWorker++ % Math.max(1, workers.length)];
    if (entry.workerId === undefined) this.#replaceSoon();
    else this.#deps.send(entry.workerId, { type: 'pull-start', order: entry.order });
  }

  #replaceSoon(): void {
    this.#replacing ??= setTimeout(() => {
      this.#replacing = undefined;
      for (const [key, entry] of this.#entries) if (entry.workerId === undefined) this.#place(key, entry);
    }, REPLACE_MS);
  }
}
