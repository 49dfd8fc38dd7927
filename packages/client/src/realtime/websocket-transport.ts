import type { Channel } from './channel.ts';
import { parseServerMessage } from './messages.ts';
import type { ServerMessage } from './messages.ts';
import { CLOSE } from './transport.ts';
import type { Loss, Transport, TransportEvents } from './transport.ts';

export interface WebSocketTransportOptions {
  url: string;
  WebSocket: typeof globalThis.WebSocket;
  token: string | undefined;
  pingIntervalMs: number;
  pongTimeoutMs: number;
  newId: () => string;
}

/** The id of the first message, which says who we are; only its answer lets the subscriptions follow. */
const HELLO_ID = 'hello';

/** Channels and requests over one socket, watched for silence. */
export class WebSocketTransport implements Transport {
  readonly kind = 'websocket';
  readonly #options: WebSocketTransportOptions;
  readonly #events: TransportEvents;
  #channels: ReadonlyMap<string, Channel> = new Map();
  #socket: WebSocket | null = null;
  #aliveTimer: ReturnType<typeof setTimeout> | undefined;
  /** The id of each channel's last subscription. Its ack is not the end of it: the snapshot may fail afterwards. */
  readonly #subscribed = new Map<string, string>();
  #isOpen = false;

  constructor(options: WebSocketTransportOptions, events: TransportEvents) {
    this.#options = options;
    this.#events = events;
  }

  open(channels: ReadonlyMap<string, Channel>): void {
    this.#channels = channels;
    const socket = new this.#options.WebSocket(this.#options.url);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#socket === socket && this.#connected());
    socket.addEventListener('message', (event) => this.#socket === socket && this.#received(event.data));
    socket.addEventListener('close', ({ code }) => this.#socket === socket && this.#lost(code));
    // An error is always followed by `close`, which is where it is acted upon.
    socket.addEventListener('error', () => {});
    this.#aliveTimer = setTimeout(() => this.#lost(CLOSE.silent), this.#options.pongTimeoutMs);
  }

  subscribe(channel: Channel): void {
    if (!this.#isOpen) return;
    const { name, position, token, vid } = channel;
    const extras = { ...(position ? { since: position } : {}), ...(token ? { token } : {}), ...(vid ? { vid } : {}) };
    const id = this.#options.newId();
    this.#subscribed.set(name, id);
    this.#write({ type: 'subscribe', id, channel: name, ...extras });
  }

  unsubscribe(name: string): void {
    this.#subscribed.delete(name);
    if (this.#isOpen) this.#write({ type: 'unsubscribe', channel: name });
  }

  send(message: object): boolean {
    return this.#isOpen && this.#write(message);
  }

  authenticate(token: string): boolean {
    return this.#isOpen && this.#write({ type: 'auth', id: this.#options.newId(), token });
  }

  close(code: number): void {
    clearTimeout(this.#aliveTimer);
    this.#isOpen = false;
    this.#subscribed.clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code);
  }

  #connected(): void {
    this.#watchSilence();
    if (this.#options.token === undefined) this.#begin();
    else this.#write({ type: 'auth', id: HELLO_ID, token: this.#options.token });
  }

  #begin(): void {
    this.#isOpen = true;
    this.#events.opened();
    for (const channel of this.#channels.values()) this.subscribe(channel);
  }

  #received(text: unknown): void {
    this.#watchSilence();
    const message = parseServerMessage(text);
    if (message === null) return;
    if (this.#isOpen) this.#events.message(this.#withChannel(message));
    else this.#answered(message);
  }

  /** An error that answers a subscription says which channel was refused. */
  #withChannel(message: ServerMessage): ServerMessage {
    if (message.type !== 'error' || message.id === undefined) return message;
    const [channel] = [...this.#subscribed].find(([, id]) => id === message.id) ?? [];
    return channel === undefined ? message : { ...message, channel };
  }

  /** A token that is not good any more ends the attempt; its loss makes the client renew it. */
  #answered(message: ServerMessage): void {
    if (message.type === 'error' && message.id === HELLO_ID) return this.#lost(CLOSE.expired);
    if (message.type === 'ack' && message.id === HELLO_ID) this.#begin();
  }

  /** After a silence ask for a word; after more silence the connection counts as lost. */
  #watchSilence(): void {
    clearTimeout(this.#aliveTimer);
    this.#aliveTimer = setTimeout(() => {
      this.#write({ type: 'ping', id: this.#options.newId() });
      this.#aliveTimer = setTimeout(() => this.#lost(CLOSE.silent), this.#options.pongTimeoutMs);
    }, this.#options.pingIntervalMs);
  }

  #write(message: object): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #lost(code: number): void {
    const loss: Loss = { code, wasOpen: this.#isOpen };
    this.close(CLOSE.silent);
    this.#events.lost(loss);
  }
}
