import { Backoff } from '../backoff.ts';
import type { BackoffOptions } from '../backoff.ts';
import { KaiboError, localError } from '../errors.ts';
import { Channel } from './channel.ts';
import type { Ask } from './events-source.ts';
import type { ChannelListener, ServerMessage } from './messages.ts';
import { newTransport } from './new-transport.ts';
import { PendingRequests } from './pending-requests.ts';
import { CLOSE } from './transport.ts';
import type { Loss, Transport, TransportEvents, TransportKind } from './transport.ts';
import { TransportLadder } from './transport-ladder.ts';

/** `connecting` covers the wait before the next attempt too; `stopped`: the server sent us away, see `reconnect`. */
export type RealtimeStatus = 'idle' | 'connecting' | 'open' | 'stopped' | 'closed';

export interface RealtimeOptions {
  /** `ws://HOST:8088/ws`; the other transports are found beside it. */
  url: string;
  /** An access token or API key, or how to get one that is good for now. */
  token?: string | (() => Promise<string | undefined>);
  /** Called when the token was refused or ran out, before the next attempt. */
  renew?: () => Promise<unknown>;
  /** `auto`: WebSocket, then Server-Sent Events, then polling, where the better one does not get through. */
  transport?: TransportKind | 'auto';
  WebSocket?: typeof globalThis.WebSocket;
  /** For the transports over plain HTTP; by `fetch` with the token as bearer when left out. */
  ask?: Ask;
  backoff?: BackoffOptions;
  /** Silence after which the server is asked whether it is there. */
  pingIntervalMs?: number;
  /** No word at all for this long after a ping means the connection is dead. */
  pongTimeoutMs?: number;
  requestTimeoutMs?: number;
  /** Between two polls. */
  pollPauseMs?: number;
  /** How long a lower transport is kept before the WebSocket is tried again. */
  climbAfterMs?: number;
}

export interface SubscribeOptions {
  /** A play token or owner token; channels of private rooms ask for one. */
  token?: string | undefined;
  /** A viewer id, so that one person is counted once over tabs and media. */
  vid?: string | undefined;
  /** Told when the server does not let us listen, or no longer. */
  onRefused?: (error: KaiboError) => void;
}

const DEFAULT_BACKOFF: BackoffOptions = { minMs: 500, maxMs: 15_000 };
const DEFAULTS = {
  pingIntervalMs: 20_000,
  pongTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  pollPauseMs: 1000,
  climbAfterMs: 5 * 60_000,
};
/** A connection that lasted this long was a good one: the next failure starts with a short wait again. */
const STABLE_AFTER_MS = 5_000;
/** How soon a better transport that has worked before is tried again: a server that was away had made all of them fail. */
const PROVEN_AFTER_MS = 2_000;
/** Most that a server may ask us to wait before we come again. */
const MAX_MOVE_MS = 60_000;
/** Requests that wait for their answer are not given up for coming again elsewhere. */
const MOVE_RETRY_MS = 250;

/**
 * Channels over one connection. It connects with the first subscription, comes back by itself after a drop, and resumes
 * every channel from its last offset, over whichever transport, so that listeners see each event once and in order.
 */
export class RealtimeClient {
  readonly #options: RealtimeOptions & typeof DEFAULTS;
  readonly #backoff: Backoff;
  readonly #ladder: TransportLadder;
  readonly #channels = new Map<string, Channel>();
  readonly #requests: PendingRequests;
  readonly #statusListeners = new Set<(status: RealtimeStatus) => void>();
  #transport: Transport | null = null;
  #status: RealtimeStatus = 'idle';
  /** Rises with every attempt, so that a token that comes late for an old one is dropped. */
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #stableTimer: ReturnType<typeof setTimeout> | undefined;
  #climbTimer: ReturnType<typeof setTimeout> | undefined;
  #moveTimer: ReturnType<typeof setTimeout> | undefined;
  /** Of channels that are asked for again soon. */
  readonly #channelTimers = new Set<ReturnType<typeof setTimeout>>();
  #nextId = 1;

  constructor(options: RealtimeOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#backoff = new Backoff(options.backoff ?? DEFAULT_BACKOFF);
    this.#ladder = new TransportLadder(options.transport ?? 'auto');
    this.#requests = new PendingRequests(this.#options.requestTimeoutMs);
  }

  get status(): RealtimeStatus {
    return this.#status;
  }

  /** What carries the events now; null while there is no connection. */
  get transport(): TransportKind | null {
    return this.#status === 'open' ? (this.#transport?.kind ?? null) : null;
  }

  /** Returns the function that ends the watch. */
  onStatus(listener: (status: RealtimeStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** The listener first gets a snapshot (of logged channels), then events. Returns the function that ends it. */
  subscribe(name: string, listener: ChannelListener, options: SubscribeOptions = {}): () => void {
    if (this.#status === 'closed') throw localError('closed', 'client is closed');
    let channel = this.#channels.get(name);
    if (channel) {
      // The newcomer needs a snapshot of its own, and only a fresh subscription brings one.
      this.#transport?.unsubscribe(name);
      channel.forget();
    } else {
      channel = new Channel(name);
      this.#channels.set(name, channel);
    }
    channel.listeners.add(listener);
    channel.isRefused = false;
    channel.token = options.token ?? channel.token;
    channel.vid = options.vid ?? channel.vid;
    channel.onRefused = options.onRefused ?? channel.onRefused;
    if (this.#status === 'idle') this.#connect();
    else this.#transport?.subscribe(channel);
    return () => this.#unsubscribe(name, listener);
  }

  /** A request such as `{type: 'end', roomId}`; resolves with the ack's data. Needs an open WebSocket, else refused at once. */
  request(message: { type: string; [field: string]: unknown }): Promise<unknown> {
    const id = this.#newId();
    const answer = this.#requests.add(id);
    if (!this.#transport?.send({ ...message, id })) {
      const only = this.#status === 'open' && this.#transport?.kind !== 'websocket';
      this.#requests.reject(
        id,
        only ? localError('needs_websocket', 'only over a WebSocket') : localError('network', 'not connected'),
      );
    }
    return answer;
  }

  /** The same account has a newer token: it is told on the open connection. */
  async authenticate(): Promise<void> {
    if (this.#status !== 'open') return;
    const attempt = this.#attempt;
    const token = await this.#token();
    if (token !== undefined && attempt === this.#attempt) this.#transport?.authenticate(token);
  }

  /** Somebody else is logged in now, or nobody: a new connection, from where every channel is. */
  reconnect(): void {
    if (this.#status === 'idle' || this.#status === 'closed') return;
    this.#backoff.reset();
    this.#drop(CLOSE.identity);
    this.#connect();
  }

  /** Skips the current wait, for when the machine is known to be online again. */
  reconnectNow(): void {
    if (this.#status !== 'connecting' || this.#transport) return;
    this.#backoff.reset();
    this.#connect();
  }

  /** Idempotent. Listeners hear nothing afterwards. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#channels.clear();
    this.#drop(CLOSE.normal);
    this.#setStatus('closed');
    this.#statusListeners.clear();
  }

  #connect(): void {
    this.#clearTimers();
    this.#setStatus('connecting');
    const attempt = ++this.#attempt;
    const begin = (token: string | undefined): void => {
      if (attempt !== this.#attempt || this.#status !== 'connecting') return;
      const events: TransportEvents = {
        opened: () => this.#opened(),
        message: (message) => this.#dispatch(message),
        lost: (loss) => this.#lost(loss),
      };
      const options = { ...this.#options, token, newId: () => this.#newId() };
      for (const channel of this.#channels.values()) channel.isRefused = false;
      this.#transport = newTransport(this.#ladder.current, options, events);
      this.#transport.open(this.#channels);
    };
    if (this.#options.token === undefined) return begin(undefined);
    void this.#token().then(begin, () => attempt === this.#attempt && this.#lost({ code: 0, wasOpen: false }));
  }

  async #token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : token;
  }

  #opened(): void {
    this.#ladder.opened();
    this.#setStatus('open');
    this.#stableTimer = setTimeout(() => this.#backoff.reset(), STABLE_AFTER_MS);
    if (!this.#ladder.isLower) return;
    const afterMs = this.#ladder.hasProvenBetter
      ? Math.min(PROVEN_AFTER_MS, this.#options.climbAfterMs)
      : this.#options.climbAfterMs;
    this.#climbTimer = setTimeout(() => this.#climb(), afterMs);
  }

  #climb(): void {
    this.#ladder.climb();
    this.#drop(CLOSE.normal);
    this.#connect();
  }

  /** The server is about to be stopped, and others are there: everybody goes at a moment of their own. */
  #moveWithin(withinMs: number): void {
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => this.#move(), Math.random() * Math.min(withinMs, MAX_MOVE_MS));
  }

  #move(): void {
    if (this.#requests.size > 0) {
      this.#moveTimer = setTimeout(() => this.#move(), MOVE_RETRY_MS);
      return;
    }
    this.#drop(CLOSE.normal);
    this.#connect();
  }

  #dispatch(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        return this.#channels.get(message.channel)?.snapshot(message);
      case 'event': {
        const channel = this.#channels.get(message.channel);
        if (channel?.event(message) === 'gap') this.#transport?.subscribe(channel);
        return;
      }
      case 'ack':
        return this.#requests.resolve(message.id, message.data);
      case 'error': {
        const { code, error: words, retryAfter } = message;
        const retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1000;
        const error = new KaiboError({ code, status: 0, message: words, retryAfterMs });
        if (message.id !== undefined) this.#requests.reject(message.id, error);
        const channel = message.channel === undefined ? undefined : this.#channels.get(message.channel);
        if (channel !== undefined) this.#refused(channel, error);
        return;
      }
      case 'reconnect':
        return this.#moveWithin(message.withinMs);
      case 'pong':
        return;
    }
  }

  /** What the server cannot tell now is asked for again, from where the channel is; what it will not tell is told to the listener. */
  #refused(channel: Channel, error: KaiboError): void {
    if (error.retryAfterMs === undefined) return channel.refuse(error);
    const attempt = this.#attempt;
    const spreadMs = error.retryAfterMs * Math.random();
    const timer = setTimeout(() => {
      this.#channelTimers.delete(timer);
      const isOurs = this.#channels.get(channel.name) === channel && attempt === this.#attempt;
      if (isOurs) this.#transport?.subscribe(channel);
    }, error.retryAfterMs + spreadMs);
    this.#channelTimers.add(timer);
  }

  #lost({ code, wasOpen, error }: Loss): void {
    this.#drop(code);
    if (code === CLOSE.revoked) return this.#setStatus('stopped');
    const isRefused = code === CLOSE.expired || error?.status === 401;
    // A server that answers with a refusal was reached: another transport would hear the same.
    if (!wasOpen && !isRefused) this.#ladder.failed();
    this.#setStatus('connecting');
    const attempt = ++this.#attempt;
    const waitMs = Math.max(isRefused && wasOpen ? 0 : this.#backoff.nextMs(), error?.retryAfterMs ?? 0);
    this.#retryTimer = setTimeout(() => {
      if (!isRefused || this.#options.renew === undefined) return this.#connect();
      const again = (): void => void (attempt === this.#attempt && this.#connect());
      void this.#options.renew().then(again, again);
    }, waitMs);
  }

  #drop(code: number): void {
    this.#clearTimers();
    this.#attempt++;
    const transport = this.#transport;
    this.#transport = null;
    transport?.close(code === CLOSE.normal || (code >= 3000 && code < 4000) ? code : CLOSE.silent);
    this.#requests.rejectAll(localError('network', 'connection lost'));
  }

  #unsubscribe(name: string, listener: ChannelListener): void {
    const channel = this.#channels.get(name);
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    this.#transport?.unsubscribe(name);
  }

  #newId(): string {
    return String(this.#nextId++);
  }

  #clearTimers(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#stableTimer);
    clearTimeout(this.#climbTimer);
    for (const timer of this.#channelTimers) clearTimeout(timer);
    this.#channelTimers.clear();
    clearTimeout(this.#moveTimer);
  }

  #setStatus(status: RealtimeStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const listener of [...this.#statusListeners]) listener(status);
  }
}
