import { Backoff } from '../backoff.ts';
import type { BackoffOptions } from '../backoff.ts';
import { KaiboError } from '../errors.ts';
import { Channel } from './channel.ts';
import { parseServerMessage } from './messages.ts';
import type { ChannelListener, ServerMessage } from './messages.ts';
import { PendingRequests } from './pending-requests.ts';

/** `connecting` covers the wait before the next attempt too. */
export type RealtimeStatus = 'idle' | 'connecting' | 'open' | 'closed';

export interface RealtimeOptions {
  /** `ws://HOST:8088/ws`. */
  url: string;
  WebSocket?: typeof globalThis.WebSocket;
  backoff?: BackoffOptions;
  /** Silence after which the server is asked whether it is there. */
  pingIntervalMs?: number;
  /** No word at all for this long after a ping means the connection is dead. */
  pongTimeoutMs?: number;
  requestTimeoutMs?: number;
}

export interface SubscribeOptions {
  /** A play token or owner token; channels of private rooms ask for one. */
  token?: string | undefined;
}

const DEFAULT_BACKOFF: BackoffOptions = { minMs: 500, maxMs: 15_000 };
const PING_INTERVAL_MS = 20_000;
const PONG_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** A connection that lasted this long was a good one: the next failure starts with a short wait again. */
const STABLE_AFTER_MS = 5_000;

/**
 * Channels over one WebSocket. It connects with the first subscription, comes back by itself after a drop, and
 * resumes every channel from its last offset, so that listeners see each event once and in order.
 */
export class RealtimeClient {
  readonly #options: RealtimeOptions;
  readonly #WebSocket: typeof globalThis.WebSocket;
  readonly #backoff: Backoff;
  readonly #channels = new Map<string, Channel>();
  readonly #requests: PendingRequests;
  readonly #statusListeners = new Set<(status: RealtimeStatus) => void>();
  #socket: WebSocket | null = null;
  #status: RealtimeStatus = 'idle';
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #aliveTimer: ReturnType<typeof setTimeout> | undefined;
  #stableTimer: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;

  constructor(options: RealtimeOptions) {
    this.#options = options;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.#backoff = new Backoff(options.backoff ?? DEFAULT_BACKOFF);
    this.#requests = new PendingRequests(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  }

  get status(): RealtimeStatus {
    return this.#status;
  }

  /** Returns the function that ends the watch. */
  onStatus(listener: (status: RealtimeStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** The listener first gets a snapshot (of logged channels), then events. Returns the function that ends it. */
  subscribe(name: string, listener: ChannelListener, options: SubscribeOptions = {}): () => void {
    if (this.#status === 'closed') throw new KaiboError({ code: 'closed', status: 0, message: 'client is closed' });
    let channel = this.#channels.get(name);
    if (channel) {
      // The newcomer needs a snapshot of its own, and only a fresh subscription brings one.
      this.#sendNow({ type: 'unsubscribe', channel: name });
      channel.forget();
    } else {
      channel = new Channel(name);
      this.#channels.set(name, channel);
    }
    channel.listeners.add(listener);
    channel.token = options.token ?? channel.token;
    if (this.#status === 'idle') this.#connect();
    else this.#sendSubscribe(channel);
    return () => this.#unsubscribe(name, listener);
  }

  /** A request such as `{type: 'end', roomId}`; resolves with the ack's data. Refused at once while not connected. */
  request(message: { type: string; [field: string]: unknown }): Promise<unknown> {
    const id = this.#newId();
    const answer = this.#requests.add(id);
    if (!this.#sendNow({ ...message, id })) {
      this.#requests.reject(id, new KaiboError({ code: 'network', status: 0, message: 'not connected' }));
    }
    return answer;
  }

  /** Skips the current wait, for when the machine is known to be online again. */
  reconnectNow(): void {
    if (this.#status !== 'connecting' || this.#socket) return;
    this.#backoff.reset();
    this.#connect();
  }

  /** Idempotent. Listeners hear nothing afterwards. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#clearTimers();
    this.#channels.clear();
    this.#dropSocket(1000);
    this.#setStatus('closed');
    this.#statusListeners.clear();
  }

  #connect(): void {
    this.#clearTimers();
    this.#setStatus('connecting');
    const socket = new this.#WebSocket(this.#options.url);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#socket === socket && this.#opened());
    socket.addEventListener('message', (event) => this.#socket === socket && this.#received(event.data));
    socket.addEventListener('close', () => this.#socket === socket && this.#lost());
    // An error is always followed by `close`, which is where it is acted upon.
    socket.addEventListener('error', () => {});
    this.#aliveTimer = setTimeout(() => this.#lost(), PONG_TIMEOUT_MS);
  }

  #opened(): void {
    this.#setStatus('open');
    this.#stableTimer = setTimeout(() => this.#backoff.reset(), STABLE_AFTER_MS);
    for (const channel of this.#channels.values()) this.#sendSubscribe(channel);
    this.#watchSilence();
  }

  #received(text: unknown): void {
    this.#watchSilence();
    const message = parseServerMessage(text);
    if (message) this.#dispatch(message);
  }

  #dispatch(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        return this.#channels.get(message.channel)?.snapshot(message);
      case 'event': {
        const channel = this.#channels.get(message.channel);
        if (channel?.event(message) === 'gap') this.#sendSubscribe(channel);
        return;
      }
      case 'ack':
        return this.#requests.resolve(message.id, message.data);
      case 'error':
        if (message.id === undefined) return;
        return this.#requests.reject(
          message.id,
          new KaiboError({ code: message.code, status: 0, message: message.error }),
        );
      case 'pong':
        return;
    }
  }

  /** After a silence ask for a word; after more silence the connection counts as lost. */
  #watchSilence(): void {
    clearTimeout(this.#aliveTimer);
    this.#aliveTimer = setTimeout(() => {
      this.#sendNow({ type: 'ping', id: this.#newId() });
      this.#aliveTimer = setTimeout(() => this.#lost(), this.#options.pongTimeoutMs ?? PONG_TIMEOUT_MS);
    }, this.#options.pingIntervalMs ?? PING_INTERVAL_MS);
  }

  #lost(): void {
    this.#clearTimers();
    this.#dropSocket(3000);
    this.#setStatus('connecting');
    this.#retryTimer = setTimeout(() => this.#connect(), this.#backoff.nextMs());
  }

  #dropSocket(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code);
    this.#requests.rejectAll(new KaiboError({ code: 'network', status: 0, message: 'connection lost' }));
  }

  #unsubscribe(name: string, listener: ChannelListener): void {
    const channel = this.#channels.get(name);
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    this.#sendNow({ type: 'unsubscribe', channel: name });
  }

  #sendSubscribe(channel: Channel): void {
    const { name, position, token } = channel;
    const extras = { ...(position ? { since: position } : {}), ...(token ? { token } : {}) };
    this.#sendNow({ type: 'subscribe', id: this.#newId(), channel: name, ...extras });
  }

  #sendNow(message: object): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #newId(): string {
    return String(this.#nextId++);
  }

  #clearTimers(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#aliveTimer);
    clearTimeout(this.#stableTimer);
  }

  #setStatus(status: RealtimeStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const listener of [...this.#statusListeners]) listener(status);
  }
}
