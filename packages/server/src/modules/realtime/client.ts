import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Caller } from '../gateway/contract.ts';
import { CLOSE, type ServerMessage } from './contract.ts';
import { textFrame } from './frame.ts';

/** How long a cut client gets to read its close frame. */
const CLOSE_WAIT_MS = 2000;

export interface ClientLimits {
  maxQueueBytes: number;
  maxErrors: number;
  /** Messages in a row, and how many more each second. */
  messageBurst: number;
  messagesPerSecond: number;
}

/** One socket: what it is owed, how much it has queued, and how badly it behaved. */
export class RealtimeClient {
  readonly caller: Caller;
  /** Ends each subscription, by channel. */
  readonly subscriptions = new Map<string, () => void>();
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #limits: ClientLimits;
  readonly #now: () => number;
  #errors = 0;
  #missedPongs = 0;
  #isCut = false;
  #tokens: number;
  #refilledAtMs: number;

  /** `stream` is the raw connection under `socket`: shared frames are written to it directly. */
  constructor(deps: { socket: WebSocket; stream: Duplex; caller: Caller; limits: ClientLimits; now: () => number }) {
    this.#socket = deps.socket;
    this.#stream = deps.stream;
    this.caller = deps.caller;
    this.#limits = deps.limits;
    this.#now = deps.now;
    this.#tokens = deps.limits.messageBurst;
    this.#refilledAtMs = deps.now();
    deps.socket.on('pong', () => {
      this.#missedPongs = 0;
    });
  }

  send(message: ServerMessage): void {
    this.sendFrame(textFrame(JSON.stringify(message)));
  }

  /** Writes a frame that others may be given too; a client that is too far behind is cut instead. */
  sendFrame(frame: Buffer): void {
    if (this.#isCut || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#stream.writableLength > 0 && this.#stream.writableLength + frame.length > this.#limits.maxQueueBytes) {
      this.cut(CLOSE.resume, 'slow');
      return;
    }
    this.#stream.write(frame);
  }

  /** Answers a malformed or refused message; too many end the connection. */
  refuse(error: Omit<Extract<ServerMessage, { type: 'error' }>, 'type'>): void {
    this.send({ type: 'error', ...error });
    this.#errors++;
    if (this.#errors >= this.#limits.maxErrors) this.cut(CLOSE.tooManyErrors, 'too many errors');
  }

  /** False when this message is one too many. */
  takeMessageToken(): boolean {
    const { messageBurst, messagesPerSecond } = this.#limits;
    const now = this.#now();
    this.#tokens = Math.min(messageBurst, this.#tokens + ((now - this.#refilledAtMs) / 1000) * messagesPerSecond);
    this.#refilledAtMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Asks for a sign of life; two that stayed out end it. */
  ping(): void {
    if (this.#missedPongs >= 2) {
      this.#socket.terminate();
      return;
    }
    this.#missedPongs++;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Ended by the server: the close frame, and the connection soon after whether or not it was read. */
  cut(code: number, reason: string): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_WAIT_MS).unref();
  }
}
