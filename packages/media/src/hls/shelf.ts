import type { MessagePort } from 'node:worker_threads';
import { LinkClosedError } from '../cluster/link.ts';
import type { HlsQuestion, WorkerSeed } from '../cluster/messages.ts';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { StreamCompanion } from '../hub/companion.ts';
import type { HubTotals } from '../hub/hub-totals.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { HlsOptions } from '../options.ts';
import { HoldCount } from './held-requests.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
import { renditionOf, renditionsFor, type Rendition, type TranscodeProfile } from '../transcode/ladder/profile.ts';
import { MemoryAccount } from './memory-account.ts';
import type { HlsCall, HlsFound, HlsNotice, HlsOpened, HlsOrder } from './messages.ts';
import { HlsPackaging } from './packaging.ts';
import type { RenditionReport } from './playlist.ts';
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
/** The first message of another worker is that long in coming at most. */
const LEARN_MS = 2000;
const NEVER = new AbortController().signal;
/** Streams whose openness is known; one that was forgotten counts as restricted. */
const MAX_RIGHTS = 10_000;

export interface HlsShelfDeps {
  options: HlsOptions;
  profiles: readonly TranscodeProfile[];
  log: MediaLog;
  memory: MemoryAccount;
  secret: Uint8Array;
  tellsSegments: boolean;
  findFfmpeg: () => string | undefined;
  open(client: MediaClient): Promise<HlsOpened>;
  find(key: StreamKey, how: { waitMs: number; wants: boolean }): Promise<HlsFound>;
  tell(notice: HlsNotice): void;
  /** To viewers. */
  sent?(bytes: number): void;
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
  /** It cannot be packaged, for the moment: a rendition for which there is no room. */
  denial?: Denial;
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
  readonly #learning = new Map<StreamKey, Promise<void>>();
  readonly #holdCount: HoldCount;
  readonly #sweep: NodeJS.Timeout;

  constructor(deps: HlsShelfDeps) {
    this.#deps = deps;
    this.options = deps.options;
    this.#holdCount = new HoldCount(deps.options.held);
    this.notes = new SessionNotes({ secret: deps.secret, tell: deps.tell, sent: deps.sent });
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
      began: (window) => this.#began(key, place, window),
      sourceWindow: () => {
        const sourceKey = this.#sourceKey(key);
        return sourceKey === key ? undefined : this.#places.get(sourceKey)?.shelved?.window;
      },
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
      this.#rights(streamKeyOf(client), opened.restricted);
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
    return this.#restricted.get(this.#sourceKey(key)) ?? true;
  }

  /** Of what a stream is a rendition; itself, when it is none. */
  sourceOf(stream: string): string {
    return renditionOf(stream, this.#deps.profiles)?.source ?? stream;
  }

  /** The session that a token proves: of the stream, or of the one that it is a rendition of. */
  sessionOf(key: StreamKey, token: string): string | undefined {
    const sessionId = this.notes.sessionOf(key, token);
    if (sessionId !== undefined) return sessionId;
    const sourceKey = this.#sourceKey(key);
    return sourceKey === key ? undefined : this.notes.sessionOf(sourceKey, token);
  }

  /** What else a source can be played as. */
  renditions(key: StreamKey, { tracks }: HlsWindow): Rendition[] {
    if (this.#sourceKey(key) !== key) return [];
    const picture = tracks.find(({ kind }) => kind === 'video');
    return renditionsFor(
      picture && { codec: 'unknown', width: picture.width, height: picture.height },
      this.#deps.profiles,
    );
  }

  /**
   * Before anything is served to somebody whom another worker let in: what everybody may see, and the window. Nothing is
   * waited for or made.
   */
  async learn(key: StreamKey): Promise<void> {
    if (this.#restricted.has(this.#sourceKey(key)) && this.#places.get(key)?.shelved) return;
    let learning = this.#learning.get(key);
    if (!learning) this.#learning.set(key, (learning = this.#learn(key)));
    await learning;
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
  ): Promise<ShelvedWindow | Denial | undefined> {
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const place = this.#place(key);
      this.#asked(place);
      if (place.shelved?.window.isReady === true && place.endedAtMs === undefined) return place.shelved;
      if (place.denial) return place.denial;
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

  #began(key: StreamKey, place: Place, window: HlsWindow): void {
    place.shelved?.holds.close();
    place.shelved = new ShelvedWindow({
      window,
      options: this.options,
      count: this.#holdCount,
      reports: () => this.#reports(key),
    });
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
    void this.#deps.find(key, { waitMs, wants: true }).then((found) => {
      place.finding = false;
      place.findAfterMs = Date.now() + FIND_PAUSE_MS;
      place.denial = found.action === 'deny' ? found : undefined;
      this.#found(key, found);
      // `own`: the publisher's packets are on their way to this very worker.
      if (found.action !== 'own') this.#wake(place);
    });
  }

  #found(key: StreamKey, found: HlsFound): void {
    if (found.action === 'own' || found.action === 'replica') this.#rights(key, found.restricted);
    if (found.action !== 'replica') return;
    const place = this.#place(key);
    if (place.packaging || place.source) found.port.close();
    else this.#receive(key, place, found.port);
  }

  async #learn(key: StreamKey): Promise<void> {
    this.#found(key, await this.#deps.find(key, { waitMs: 0, wants: false }));
    this.#learning.delete(key);
    const place = this.#places.get(key);
    if (place?.source && !place.shelved) await this.#change(place, { untilMs: Date.now() + LEARN_MS, signal: NEVER });
  }

  #receive(key: StreamKey, place: Place, port: MessagePort): void {
    place.source = port;
    place.endedAtMs = undefined;
    receiveReplica(port, {
      window: (window) => this.#began(key, place, window),
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
    this.#restricted.set(this.#sourceKey(key), restricted);
  }

  #sourceKey(key: StreamKey): StreamKey {
    const [app = '', stream = ''] = key.split('/');
    return streamKeyOf({ app, stream: this.sourceOf(stream) });
  }

  /** How far the other forms of the stream have come (RFC 8216bis, 4.4.5.4). */
  #reports(key: StreamKey): RenditionReport[] {
    const { profiles } = this.#deps;
    if (profiles.length === 0) return [];
    const sourceKey = this.#sourceKey(key);
    const siblings = [sourceKey, ...profiles.map(({ name }) => `${sourceKey}_${name}`)].filter((one) => one !== key);
    return siblings.flatMap((sibling) => {
      const window = this.#places.get(sibling)?.shelved?.window;
      const report = window && reportOf(window);
      return report ? [{ uri: `../${sibling.split('/')[1]}/live.m3u8`, ...report }] : [];
    });
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
      if (place.shelved && place.shelved.holds.size > 0) place.askedAtMs = nowMs;
      const idleMs = nowMs - place.askedAtMs;
      if (place.waiting.size > 0) continue;
      if (place.endedAtMs !== undefined) {
        if (nowMs - place.endedAtMs > RETAIN_MS) this.#drop(key, place);
      } else if (place.packaging) {
        if (idleMs > this.options.lingerMs && place.replicas.size === 0) place.packaging.want(false);
        if (!place.packaging.window) this.#clear(place);
      } else if (idleMs > Math.min(REPLICA_LINGER_MS, this.options.lingerMs)) {
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
    this.#clear(place);
    place.source?.close();
    place.packaging?.release();
    for (const replica of place.replicas) replica.close();
  }
}

function reportOf(window: HlsWindow): Omit<RenditionReport, 'uri'> | undefined {
  const { next, partTargetMs, state } = window;
  if (!next || state !== 'live') return undefined;
  const lastMsn = partTargetMs !== undefined && next.part > 0 ? next.msn : next.msn - 1;
  const last = window.segment(lastMsn);
  if (!last) return undefined;
  return partTargetMs === undefined ? { lastMsn } : { lastMsn, lastPart: last.parts.length - 1 };
}

/** What `Link` is to the shelf. */
interface MainLink {
  request<Reply>(request: HlsQuestion): Promise<Reply>;
  send(notice: { type: 'hls' } & HlsNotice): void;
}

/** The shelf of one worker. */
export function createHlsShelf(
  { hls, workerId, options }: WorkerSeed,
  { link, log, totals }: { link: MainLink; log: MediaLog; totals: HubTotals },
): HlsShelf {
  const ask = <Reply>(call: HlsCall, without: Reply): Promise<Reply> =>
    link.request<Reply>({ type: 'hls', ...call }).catch((error: unknown) => {
      if (!(error instanceof LinkClosedError)) throw error;
      return without;
    });
  return new HlsShelf({
    options: options.hls,
    profiles: options.transcode.profiles,
    log,
    memory: new MemoryAccount({ shared: hls.memory, workerId, options: options.hls }),
    secret: hls.secret,
    tellsSegments: hls.tellsSegments,
    findFfmpeg,
    open: (client) => ask<HlsOpened>({ call: 'open', client }, STOPPING),
    find: (key, how) => ask<HlsFound>({ call: 'find', key, ...how }, { action: 'none' }),
    tell: (notice) => link.send({ type: 'hls', ...notice }),
    sent: (bytes) => (totals.sentBytes += bytes),
  });
}

const STOPPING: HlsOpened = {
  action: 'deny',
  status: 503,
  code: 'server_stopping',
  message: 'This server is stopping.',
};
