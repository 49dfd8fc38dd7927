import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, MediaProtocol, StreamOrigin } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { MediaOptions } from '../options.ts';
import type { PullOrder } from './pull.ts';
import { pullUrlOf } from './pull-rule.ts';

/** A worker that died is replaced within this time, mostly. */
const REPLACE_MS = 1000;
/** Between two questions for the node that has a stream; longer and longer while one is said to have it that does not give it. */
const SEEK_MS = 500;
const MAX_SEEK_MS = 3000;

interface Entry {
  /** Undefined while the node that has the stream is looked for. */
  order: PullOrder | undefined;
  isAlways: boolean;
  /** Where it runs; undefined until a worker is there. */
  workerId: number | undefined;
  /** Until it is stopped because nobody watches. */
  linger: NodeJS.Timeout | undefined;
  /** Until the node that has it is asked for again. */
  seeking: NodeJS.Timeout | undefined;
  /** How often in a row a node was tried and nothing came. */
  failures: number;
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
  /** Its publisher dropped and may come back, perhaps to another node. */
  isInterrupted(key: StreamKey): boolean;
  /** Which other node has a stream, where there are others. */
  findOrigin: ((stream: { app: string; stream: string }) => Promise<StreamOrigin>) | undefined;
  end(key: StreamKey): void;
}

/**
 * Which streams are fetched from elsewhere, on the main thread: those that somebody wants to watch and nobody publishes, by the
 * operator's rules or where another node has them, and those that are wanted always. A publisher here ends the fetching of
 * its stream.
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
        return this.#published(key, event.client.protocol);
      case 'ended':
        if (this.#entries.get(key)?.isAlways !== true) this.#drop(key);
        if (this.#isAlways(app, stream)) this.#want({ app, stream }, { isAlways: true });
        return;
      case 'interrupted':
        if (this.#deps.viewersOf(key) > 0) this.#want({ app, stream }, { isAlways: false });
        return;
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

  #published(key: StreamKey, protocol: MediaProtocol): void {
    const entry = this.#entries.get(key);
    if (protocol === 'node' && entry !== undefined) entry.failures = 0;
    else if (protocol !== 'relay') this.#drop(key);
  }

  workerLost(workerId: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.workerId !== workerId) continue;
      entry.workerId = undefined;
      if (entry.order?.isOnce === true) this.#seekSoon(key, entry);
    }
    this.#replaceSoon();
  }

  /** What came from another node comes no more: the stream is over, interrupted, or somewhere else now. */
  pullOver(workerId: number, key: StreamKey): void {
    const entry = this.#entries.get(key);
    if (entry?.order?.isOnce !== true || entry.workerId !== workerId) return;
    entry.workerId = undefined;
    this.#seekSoon(key, entry);
  }

  close(): void {
    clearTimeout(this.#replacing);
    for (const entry of this.#entries.values()) clearTimers(entry);
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
    const { options, log, findOrigin, waitingFor, isInterrupted } = this.#deps;
    const url = pullUrlOf(options.relay.pull, { app, stream });
    if (url === undefined && findOrigin === undefined) return;
    const isMissing = waitingFor(key) !== undefined || (url === undefined && isInterrupted(key));
    if (!isAlways && !isMissing) return;
    if (this.#entries.size >= options.limits.streams) {
      log.warn({ stream: key }, 'a stream is not fetched: as many as may be are fetched already');
      return;
    }
    const order = url === undefined ? undefined : { app, stream, url, isOnce: false };
    const entry: Entry = { order, isAlways, workerId: undefined, linger: undefined, seeking: undefined, failures: 0 };
    this.#entries.set(key, entry);
    if (order === undefined) void this.#seek(key, { app, stream });
    else this.#place(key, entry);
  }

  #seekSoon(key: StreamKey, entry: Entry): void {
    const { order } = entry;
    if (order === undefined) return;
    const { app, stream } = order;
    entry.order = undefined;
    this.#seekLater(key, { app, stream }, Math.min(SEEK_MS * 2 ** entry.failures++, MAX_SEEK_MS));
  }

  #seekLater(key: StreamKey, stream: { app: string; stream: string }, afterMs = SEEK_MS): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    clearTimeout(entry.seeking);
    entry.seeking = setTimeout(() => void this.#seek(key, stream), afterMs);
  }

  /** Asks which node has the stream until one has, or it is over. Never rejects. */
  async #seek(key: StreamKey, stream: { app: string; stream: string }): Promise<void> {
    const entry = this.#entries.get(key);
    const origin = await this.#ask(stream);
    if (entry === undefined || this.#entries.get(key) !== entry || entry.order !== undefined) return;
    if (origin === 'none') return this.#seekLater(key, stream);
    if (origin === 'ended') {
      this.#drop(key);
      this.#deps.end(key);
      return;
    }
    entry.order = { ...stream, url: origin.url, isOnce: true };
    this.#place(key, entry);
  }

  async #ask(stream: { app: string; stream: string }): Promise<StreamOrigin> {
    try {
      return (await this.#deps.findOrigin?.(stream)) ?? 'none';
    } catch (error) {
      // It is asked again.
      this.#deps.log.debug({ err: String(error) }, 'the node that has a stream could not be asked for');
      return 'none';
    }
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
      // One that is only looked for may be this server's own, whose publisher may come back.
      if (entry.order !== undefined) this.#deps.end(key);
    }, this.#deps.options.relay.pullLingerMs);
  }

  #drop(key: StreamKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    clearTimers(entry);
    if (entry.workerId !== undefined) this.#deps.send(entry.workerId, { type: 'pull-stop', key });
  }

  /** Best where somebody waits: media then crosses to no other worker. */
  #place(key: StreamKey, entry: Entry): void {
    if (entry.order === undefined) return;
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

function clearTimers({ linger, seeking }: Entry): void {
  clearTimeout(linger);
  clearTimeout(seeking);
}
