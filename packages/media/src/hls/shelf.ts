import type { MessagePort } from 'node:worker_threads';
import { LinkClosedError } from '../cluster/link.ts';
import type { HlsQuestion, WorkerSeed } from '../cluster/messages.ts';
import type { MediaClient } from '../hooks/contract.ts';
import type { StreamCompanion } from '../hub/companion.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import type { HlsOptions } from '../options.ts';
import { HoldCount } from './held-requests.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
import { MemoryAccount } from './memory-account.ts';
import type { HlsCall, HlsFound, HlsNotice, HlsOpened, HlsOrder } from './messages.ts';
import { HlsPackaging } from './packaging.ts';
import { ReplicaSender, receiveReplica } from './replica.ts';
import { SessionNotes } from './session-notes.ts';
import { ShelvedWindow } from './shelf-entry.ts';
import type { HlsWindow } from './window.ts';

const SWEEP_MS = 250;
/** The window of a broadcast that is over stays for those who are behind. */
const RETAIN_MS = 60_000;
/** Windows of other workers' streams that nobody asks for are let go of. */
const REPLICA_LINGER_MS = 15_000;
/** A stream whose owner's worker died waits for its publisher; asked again after it. */
const RELOCATE_MS = 10_000;
const FIND_PAUSE_MS = 250;
/** Streams whose openness is known; one that was forgotten counts as restricted. */
const MAX_RIGHTS = 10_000;

export interface HlsShelfDeps {
  options: HlsOptions;
  log: MediaLog;
  memory: MemoryAccount;
  secret: Uint8Array;
  tellsSegments: boolean;
  findFfmpeg: () => string | undefined;
  open(client: MediaClient): Promise<HlsOpened>;
  find(key: StreamKey, waitMs: number): Promise<HlsFound>;
  tell(notice: HlsNotice): void;
}

/** One stream's place: its window, whoever packages it, and who waits for it. */
interface Place {
  shelved?: ShelvedWindow;
  /** Here, or … */
  packaging?: HlsPackaging;
  /** … in another worker. */
  source?: MessagePort;
  replicas: Set<ReplicaSender>;
  askedAtMs: number;
  endedAtMs?: number;
  /** The main thread is asked for it already. */
  finding: boolean;
  findAfterMs: number;
  waiting: Set<() => void>;
}

/** All windows that one worker can serve: of streams that it owns, and copies of others' while somebody here asks for them. */
export class HlsShelf implements StreamCompanion {
  readonly isForRenditions = true;
  readonly options: HlsOptions;
  readonly notes: SessionNotes;
  readonly #deps: HlsShelfDeps;
  readonly #places = new Map<StreamKey, Place>();
  readonly #restricted = new Map<StreamKey, boolean>();
  readonly #holdCount: HoldCount;
  readonly #sweep: NodeJS.Timeout;

  constructor(deps: HlsShelfDeps) {
    this.#deps = deps;
    this.options = deps.options;
    this.#holdCount = new HoldCount(deps.options.held);
    this.notes = new SessionNotes({ secret: deps.secret, tell: deps.tell });
    this.#sweep = setInterval(() => this.#sweepAll(Date.now()), SWEEP_MS).unref();
  }

  own(stream: Stream): void {
    if (!this.options.enabled) return;
    const { memory, findFfmpeg, log, tellsSegments, tell } = this.#deps;
    const { key } = stream;
    const place = this.#place(key);
    place.packaging?.release();
    place.source?.close();
    place.source = undefined;
    this.#clear(place);
    place.packaging = new HlsPackaging({
      stream,
      options: this.options,
      memory,
      findFfmpeg,
      log,
      began: (window) => this.#began(place, window),
      segment: tellsSegments ? (segment) => tell({ notice: 'segment', key, segment }) : undefined,
    });
    if (place.replicas.size > 0 || place.waiting.size > 0) place.packaging.want(true);
    this.#wake(place);
  }

  ended(key: StreamKey): void {
    const place = this.#places.get(key);
    if (!place) return;
    place.packaging?.end();
    place.endedAtMs = Date.now();
    this.#wake(place);
  }

  close(): Promise<void> {
    clearInterval(this.#sweep);
    this.notes.close();
    for (const place of this.#places.values()) {
      place.shelved?.holds.close();
      place.source?.close();
      for (const replica of place.replicas) replica.close();
      this.#wake(place);
    }
    this.#places.clear();
    return Promise.resolve();
  }

  /** Authorizes a viewer and makes it a session. */
  async open(client: MediaClient): Promise<HlsOpened> {
    const opened = await this.#deps.open(client);
    if (opened.action === 'opened') {
      this.#rights(`${client.app}/${client.stream}`, opened.restricted);
      this.notes.opened(client.clientId);
    }
    return opened;
  }

  /** Whoever opened it went before the answer. */
  left(sessionId: string): void {
    this.#deps.tell({ notice: 'left', sessionId });
  }

  /** Whether its segments are for sessions only. Nobody can have a right before the first was given it. */
  isRestricted(key: StreamKey): boolean {
    return this.#restricted.get(key) ?? true;
  }

  /** What can be served at once. Asking keeps it. */
  get(key: StreamKey): ShelvedWindow | undefined {
    const place = this.#places.get(key);
    if (!place) return undefined;
    this.#asked(place);
    // Its owner's worker died: there will be another, with a window of its own.
    if (place.shelved && place.shelved.window.state !== 'ended') this.#locate(key, place, RELOCATE_MS);
    return place.shelved;
  }

  /**
   * The stream's window once something of it can be played, from wherever it is packaged; undefined when that took too long,
   * or whoever asked has gone (`signal`).
   */
  async find(
    key: StreamKey,
    { waitMs, signal }: { waitMs: number; signal: AbortSignal },
  ): Promise<ShelvedWindow | undefined> {
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const place = this.#place(key);
      this.#asked(place);
      if (place.shelved?.window.isReady === true && place.endedAtMs === undefined) return place.shelved;
      if (signal.aborted || Date.now() >= untilMs)
        return place.shelved?.window.isReady === true ? place.shelved : undefined;
      this.#locate(key, place, untilMs - Date.now());
      await this.#change(place, { untilMs, signal });
    }
  }

  obey(order: HlsOrder): void {
    switch (order.what) {
      case 'replicate':
        this.#replicate(order.key, order.port);
        return;
      case 'unknown':
        this.notes.unknown(order.sessionIds);
        return;
      case 'kicked':
        this.notes.kicked(order.sessionIds);
        return;
      case 'rights':
        this.#rights(order.key, order.restricted);
        return;
      default:
        order satisfies never;
    }
  }

  #place(key: StreamKey): Place {
    let place = this.#places.get(key);
    if (!place) {
      place = { replicas: new Set(), askedAtMs: Date.now(), finding: false, findAfterMs: 0, waiting: new Set() };
      this.#places.set(key, place);
    }
    return place;
  }

  #asked(place: Place): void {
    place.askedAtMs = Date.now();
    place.packaging?.want(true);
  }

  #began(place: Place, window: HlsWindow): void {
    place.shelved?.holds.close();
    place.shelved = new ShelvedWindow({ window, options: this.options, count: this.#holdCount, reports: () => [] });
    for (const replica of place.replicas) replica.follow(window);
    const leave = window.onChange(() => {
      if (!window.isReady) return;
      leave();
      this.#wake(place);
    });
    if (window.isReady) this.#wake(place);
  }

  /** Asks for whoever packages the stream, unless it is known, or asked for already. */
  #locate(key: StreamKey, place: Place, waitMs: number): void {
    const nowMs = Date.now();
    if (place.packaging || place.source || place.finding || nowMs < place.findAfterMs) return;
    place.finding = true;
    void this.#deps.find(key, waitMs).then((found) => {
      place.finding = false;
      place.findAfterMs = Date.now() + FIND_PAUSE_MS;
      if (found.action !== 'none') this.#rights(key, found.restricted);
      if (found.action === 'replica') {
        if (this.#places.get(key) === place && !place.packaging) this.#receive(place, found.port);
        else found.port.close();
      }
      // `own`: the publisher's packets are on their way to this very worker.
      if (found.action !== 'own') this.#wake(place);
    });
  }

  #receive(place: Place, port: MessagePort): void {
    place.source = port;
    place.endedAtMs = undefined;
    receiveReplica(port, {
      window: (window) => this.#began(place, window),
      closed: () => {
        if (place.source !== port) return;
        place.source = undefined;
        const window = place.shelved?.window;
        if (window?.state === 'live') window.apply([{ type: 'state', state: 'interrupted' }]);
        place.endedAtMs ??= Date.now();
        this.#wake(place);
      },
    });
  }

  #replicate(key: StreamKey, port: MessagePort): void {
    const place = this.#place(key);
    const replica: ReplicaSender = new ReplicaSender(port, () => {
      place.replicas.delete(replica);
      place.askedAtMs = Date.now();
    });
    place.replicas.add(replica);
    place.packaging?.want(true);
    if (place.shelved) replica.follow(place.shelved.window);
  }

  #rights(key: StreamKey, restricted: boolean): void {
    const [oldest] = this.#restricted.keys();
    if (this.#restricted.size >= MAX_RIGHTS && oldest !== undefined) this.#restricted.delete(oldest);
    this.#restricted.set(key, restricted);
  }

  #wake(place: Place): void {
    for (const waiting of [...place.waiting]) waiting();
  }

  #change(place: Place, { untilMs, signal }: { untilMs: number; signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        place.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, untilMs - Date.now()));
      signal.addEventListener('abort', done);
      place.waiting.add(done);
    });
  }

  #sweepAll(nowMs: number): void {
    for (const [key, place] of this.#places) {
      place.shelved?.holds.sweep(nowMs);
      const idleMs = nowMs - place.askedAtMs;
      if (place.waiting.size > 0) continue;
      if (place.endedAtMs !== undefined) {
        if (nowMs - place.endedAtMs > RETAIN_MS) this.#drop(key, place);
      } else if (place.packaging) {
        if (idleMs > this.options.lingerMs && place.replicas.size === 0) place.packaging.want(false);
        if (!place.packaging.window) this.#clear(place);
      } else if (idleMs > REPLICA_LINGER_MS) {
        this.#drop(key, place);
      }
    }
  }

  #clear(place: Place): void {
    place.endedAtMs = undefined;
    place.shelved?.holds.close();
    place.shelved = undefined;
  }

  #drop(key: StreamKey, place: Place): void {
    this.#places.delete(key);
    this.#restricted.delete(key);
    this.#clear(place);
    place.source?.close();
    place.packaging?.release();
    for (const replica of place.replicas) replica.close();
  }
}

/** What `Link` is to the shelf. */
interface MainLink {
  request<Reply>(request: HlsQuestion): Promise<Reply>;
  send(notice: { type: 'hls' } & HlsNotice): void;
}

/** The shelf of one worker. */
export function createHlsShelf(
  { hls, workerId, options }: WorkerSeed,
  { link, log }: { link: MainLink; log: MediaLog },
): HlsShelf {
  const ask = <Reply>(call: HlsCall, without: Reply): Promise<Reply> =>
    link.request<Reply>({ type: 'hls', ...call }).catch((error: unknown) => {
      if (!(error instanceof LinkClosedError)) throw error;
      return without;
    });
  return new HlsShelf({
    options: options.hls,
    log,
    memory: new MemoryAccount({ shared: hls.memory, workerId, options: options.hls }),
    secret: hls.secret,
    tellsSegments: hls.tellsSegments,
    findFfmpeg,
    open: (client) => ask<HlsOpened>({ call: 'open', client }, STOPPING),
    find: (key, waitMs) => ask<HlsFound>({ call: 'find', key, waitMs }, { action: 'none' }),
    tell: (notice) => link.send({ type: 'hls', ...notice }),
  });
}

const STOPPING: HlsOpened = {
  action: 'deny',
  status: 503,
  code: 'server_stopping',
  message: 'This server is stopping.',
};
