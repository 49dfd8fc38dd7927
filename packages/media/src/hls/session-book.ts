import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { AskingWorker } from '../cluster/directory.ts';
import { type DirectoryEntry, sentSince } from '../cluster/directory-entry.ts';
import type { MainNotice, PlayReply } from '../cluster/messages.ts';
import type { Denial, MediaClient, MediaEvent, PlayGrant, PlayVerdict } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { MediaOptions } from '../options.ts';
import type { LadderBook } from '../transcode/ladder/ladder-book.ts';
import {
  HLS_MEMBER,
  type HlsFound,
  type HlsNotice,
  type HlsOpened,
  type HlsOrder,
  type TouchedStream,
} from './messages.ts';

const SWEEP_MS = 1000;
/** Between two rates of what is sent. */
const SWEEPS_PER_RATE = 10;
/** A session is over when it was not heard of for so many target durations, and not before `MIN_SILENT_MS`. */
const SILENT_TARGETS = 4;
const MIN_SILENT_MS = 12_000;
/** Remembered, so that who was kicked does not come back by the same session. */
const MAX_KICKED = 50_000;
/** Streams whose openness is known; one that was forgotten counts as restricted. */
const MAX_RIGHTS = 10_000;
/** Workers that wait for streams which nobody publishes. */
const MAX_WAITING = 100_000;

export interface HlsSessionBookDeps {
  options: MediaOptions;
  directory: {
    authorizePlay(client: MediaClient): Promise<PlayVerdict>;
    enter(asker: AskingWorker, client: MediaClient, grant: Pick<PlayGrant, 'viewer'>): PlayReply;
    stopped(clientId: string, reason: string): void;
    entry(key: StreamKey): DirectoryEntry | undefined;
  };
  /** Renditions, which are made while somebody asks for them. */
  ladder: Pick<LadderBook, 'sourceOf' | 'refuse' | 'wanted' | 'unwanted'>;
  send(workerId: number, notice: MainNotice, transfer?: MessagePort[]): void;
  workers(): readonly number[];
}

interface Session {
  key: StreamKey;
  heardAtMs: number;
  silentMs: number;
  sentBytes: number;
}

interface Waiting {
  key: StreamKey;
  workerId: number;
  alive(): boolean;
  found(found: HlsFound, transfer?: MessagePort[]): void;
  timer: NodeJS.Timeout;
}

/**
 * Who watches by HLS, on the main thread. A viewer has no connection: it is there from its first request until it has been
 * silent, whichever workers its requests come to. Also leads workers to the one that packages a stream.
 */
export class HlsSessionBook {
  readonly #deps: HlsSessionBookDeps;
  readonly #sessions = new Map<string, Session>();
  readonly #opening = new Set<string>();
  readonly #kicked = new Set<string>();
  readonly #restricted = new Map<StreamKey, boolean>();
  readonly #waiting = new Set<Waiting>();
  /** Renditions that are asked for: until when (ms since the epoch) that holds. */
  readonly #demands = new Map<StreamKey, number>();
  /** Bytes of playlists and segments that were sent, by stream, while it is there. */
  readonly #sent = new Map<StreamKey, number>();
  readonly #sweep: NodeJS.Timeout;
  #sweeps = 0;
  #closed = false;

  constructor(deps: HlsSessionBookDeps) {
    this.#deps = deps;
    this.#sweep = setInterval(() => this.#sweepAll(Date.now()), SWEEP_MS).unref();
  }

  /** One that is there already stays as it is. */
  async open(client: MediaClient): Promise<HlsOpened> {
    const { clientId: sessionId } = client;
    const key = streamKeyOf(client);
    const { directory, options } = this.#deps;
    if (this.#kicked.has(sessionId)) return KICKED;
    const known = this.#sessions.get(sessionId);
    if (known?.key === key) return { action: 'opened', restricted: this.#restricted.get(this.#sourceKey(key)) ?? true };
    if (known || this.#opening.has(sessionId)) return BUSY;
    this.#opening.add(sessionId);
    const verdict = await directory.authorizePlay(client);
    const isAwaited = this.#opening.delete(sessionId) && !this.#closed;
    if (verdict.action === 'deny') return verdict;
    const restricted = verdict.restricted === true;
    this.#setRights(this.#sourceKey(key), restricted);
    if (!isAwaited || !options.hls.sessions) return { action: 'opened', restricted };
    const asker = { workerId: HLS_MEMBER, alive: () => !this.#closed };
    const reply = directory.enter(asker, client, verdict);
    if (reply.action === 'deny') return reply;
    this.#sessions.set(sessionId, { key, heardAtMs: Date.now(), silentMs: MIN_SILENT_MS, sentBytes: 0 });
    return { action: 'opened', restricted };
  }

  /** Where the worker that asks finds the stream's window; waits at most `waitMs` for somebody to publish it. */
  find(
    { workerId, alive }: AskingWorker,
    { key, waitMs, wants }: { key: StreamKey; waitMs: number; wants: boolean },
  ): Promise<{ reply: HlsFound; transfer?: MessagePort[] }> {
    const refusal = wants ? this.#demand(key, MIN_SILENT_MS) : undefined;
    if (refusal) return Promise.resolve({ reply: refusal });
    return new Promise((resolve) => {
      const waiting: Waiting = {
        key,
        workerId,
        alive,
        found: (reply, transfer) => {
          clearTimeout(waiting.timer);
          this.#waiting.delete(waiting);
          resolve({ reply, transfer });
        },
        timer: setTimeout(() => waiting.found({ action: 'none' }), waitMs).unref(),
      };
      if (this.#closed || this.#waiting.size >= MAX_WAITING) waiting.found({ action: 'none' });
      else {
        this.#waiting.add(waiting);
        this.#lead(waiting);
      }
    });
  }

  notice(workerId: number, notice: HlsNotice): void {
    switch (notice.notice) {
      case 'touched':
        for (const stream of notice.streams) this.#touched(workerId, stream);
        return;
      case 'left':
        this.#opening.delete(notice.sessionId);
        this.#end(notice.sessionId, 'closed');
        return;
      case 'segment':
        return; // the server's own
      default:
        notice satisfies never;
    }
  }

  /** What the directory tells this member. */
  obey(notice: MainNotice): void {
    if (notice.type === 'kick') {
      if (notice.reason === 'kicked') this.#kick(notice.clientId);
      this.#end(notice.clientId, notice.reason);
    } else if (notice.type === 'end') {
      // After the directory has told everybody that the stream is over.
      queueMicrotask(() => this.#ended(notice.key, notice.reason));
    }
  }

  /** Hears what the hooks are told: a stream that others wait for begins. */
  heard({ type, app, stream }: MediaEvent): void {
    if (type !== 'published') return;
    const key = streamKeyOf({ app, stream });
    for (const waiting of [...this.#waiting]) if (waiting.key === key) this.#lead(waiting);
  }

  /** By session, as media connections are told of. */
  traffic(): Map<string, { sendBytes: number; recvBytes: number }> {
    return new Map(
      [...this.#sessions].map(([sessionId, { sentBytes }]) => [sessionId, { sendBytes: sentBytes, recvBytes: 0 }]),
    );
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const waiting of [...this.#waiting]) waiting.found({ action: 'none' });
    for (const sessionId of [...this.#sessions.keys()]) this.#end(sessionId, 'server_stopping');
  }

  #lead(waiting: Waiting): void {
    const { key, workerId } = waiting;
    const entry = this.#deps.directory.entry(key);
    if (entry?.owner === undefined || entry.state === 'idle') return;
    const restricted = this.#restricted.get(this.#sourceKey(key)) ?? true;
    if (!waiting.alive()) waiting.found({ action: 'none' });
    else if (entry.owner === workerId) waiting.found({ action: 'own', restricted });
    else {
      const { port1, port2 } = new MessageChannel();
      this.#send(entry.owner, { what: 'replicate', key, port: port1 }, [port1]);
      waiting.found({ action: 'replica', restricted, port: port2 }, [port2]);
    }
  }

  #touched(workerId: number, { key, targetDurationS, sessions }: TouchedStream): void {
    const nowMs = Date.now();
    const silentMs = Math.max(MIN_SILENT_MS, SILENT_TARGETS * 1000 * targetDurationS);
    this.#demand(key, silentMs);
    const unknown: string[] = [];
    let sentInAll = this.#sent.get(key) ?? 0;
    for (const [sessionId, sentBytes] of sessions) {
      sentInAll += sentBytes;
      const session = this.#sessions.get(sessionId);
      if (session) {
        session.heardAtMs = nowMs;
        session.silentMs = silentMs;
        session.sentBytes += sentBytes;
      } else unknown.push(sessionId);
    }
    this.#sent.set(key, sentInAll);
    const kicked = unknown.filter((sessionId) => this.#kicked.has(sessionId));
    if (kicked.length > 0) this.#send(workerId, { what: 'kicked', sessionIds: kicked });
    const others = unknown.filter((sessionId) => !this.#kicked.has(sessionId));
    if (others.length > 0 && this.#deps.options.hls.sessions)
      this.#send(workerId, { what: 'unknown', sessionIds: others });
  }

  /** Somebody asks for a rendition, and it is to be there for `forMs` more. A refusal: it cannot be made. */
  #demand(key: StreamKey, forMs: number): Denial | undefined {
    const { ladder } = this.#deps;
    const [app = '', stream = ''] = key.split('/');
    if (ladder.sourceOf(stream) === undefined) return undefined;
    const refusal = ladder.refuse({ app, stream });
    if (refusal) return refusal;
    const isNew = !this.#demands.has(key);
    this.#demands.set(key, Date.now() + forMs);
    if (isNew) ladder.wanted({ app, stream });
    return undefined;
  }

  /** Whether a rendition is asked for by playlists, whose viewers are counted at the source. */
  demands(key: StreamKey): boolean {
    return this.#demands.has(key);
  }

  #kick(sessionId: string): void {
    const [oldest] = this.#kicked;
    if (this.#kicked.size >= MAX_KICKED && oldest !== undefined) this.#kicked.delete(oldest);
    this.#kicked.add(sessionId);
    for (const workerId of this.#deps.workers()) this.#send(workerId, { what: 'kicked', sessionIds: [sessionId] });
  }

  #ended(key: StreamKey, reason: EndReason): void {
    for (const [sessionId, session] of [...this.#sessions]) if (session.key === key) this.#end(sessionId, reason);
    this.#restricted.delete(key);
  }

  /** Rights to a rendition are those to its source. */
  #sourceKey(key: StreamKey): StreamKey {
    const [app = '', stream = ''] = key.split('/');
    return streamKeyOf({ app, stream: this.#deps.ladder.sourceOf(stream) ?? stream });
  }

  #end(sessionId: string, reason: EndReason): void {
    if (this.#sessions.delete(sessionId)) this.#deps.directory.stopped(sessionId, reason);
  }

  #setRights(key: StreamKey, restricted: boolean): void {
    const before = this.#restricted.get(key);
    if (before === restricted) return;
    const [oldest] = this.#restricted.keys();
    if (this.#restricted.size >= MAX_RIGHTS && oldest !== undefined) this.#restricted.delete(oldest);
    this.#restricted.set(key, restricted);
    if (before === undefined) return;
    for (const workerId of this.#deps.workers()) this.#send(workerId, { what: 'rights', key, restricted });
  }

  #sweepAll(nowMs: number): void {
    for (const [sessionId, { heardAtMs, silentMs }] of this.#sessions)
      if (nowMs - heardAtMs > silentMs) this.#end(sessionId, 'closed');
    for (const [key, untilMs] of this.#demands) {
      if (nowMs < untilMs) continue;
      this.#demands.delete(key);
      this.#deps.ladder.unwanted(key);
    }
    if (++this.#sweeps % SWEEPS_PER_RATE === 0) this.#tellRates(nowMs);
  }

  /** What is sent by HLS counts as what is sent to any viewer. Segments come in bursts: a rate is over several seconds. */
  #tellRates(atMs: number): void {
    for (const [key, bytes] of this.#sent) {
      const entry = this.#deps.directory.entry(key);
      if (entry) entry.sent.set(HLS_MEMBER, sentSince(entry.sent.get(HLS_MEMBER), { bytes, atMs }));
      else this.#sent.delete(key);
    }
  }

  #send(workerId: number, order: HlsOrder, transfer: MessagePort[] = []): void {
    this.#deps.send(workerId, { type: 'hls', ...order }, transfer);
  }
}

const KICKED: Denial = {
  action: 'deny',
  status: 403,
  code: 'kicked',
  message: 'The operator ended this session.',
};
const BUSY: Denial = {
  action: 'deny',
  status: 503,
  code: 'session_busy',
  message: 'This session is being opened. Try again.',
};
