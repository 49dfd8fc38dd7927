import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { LogSpan } from '../http/log-context.ts';
import { AppError, fieldWords, type Account, type Caller } from '../modules/gateway/contract.ts';
import { CLOSE, type MessageId } from '../modules/realtime/contract.ts';
import { textFrame } from './frame.ts';
import type { Guest } from './roster.ts';

/** How long a cut client gets to read its close frame. */
const CLOSE_WAIT_MS = 2000;
/** Messages of one socket that are worked on at the same time. */
const MAX_IN_FLIGHT = 32;

export interface ConnectionLimits {
  /** Bytes queued for a client that does not read; one more frame cuts it. */
  maxQueueBytes: number;
  maxErrors: number;
  /** Messages in a row, and how many more each second. */
  messageBurst: number;
  messagesPerSecond: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  maxQueueBytes: 1024 * 1024,
  maxErrors: 50,
  messageBurst: 100,
  messagesPerSecond: 20,
};

/** What a connection tells its owner. Both are called by this socket only. */
export interface ConnectionHandler {
  /** A message that is JSON. What it throws is answered as an error. */
  received(message: unknown, id: MessageId): Promise<void>;
  closed(): void;
  /** Our own fault, to be logged. */
  failed(error: unknown): void;
}

/** What connections of one kind have done so far, for the metrics. */
export class Traffic {
  /** Writes of frames; merged ones count once. */
  frames = 0;
  /** Connections that the server ended, by why. */
  readonly cuts = new Map<string, number>();

  cut(reason: string): void {
    this.cuts.set(reason, (this.cuts.get(reason) ?? 0) + 1);
  }
}

/** One socket: who is behind it, what it is owed, how much it has queued, and how badly it behaved. */
export class Connection implements Guest {
  /** permessage-deflate was negotiated. */
  readonly inflates: boolean;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #limits: ConnectionLimits;
  readonly #now: () => number;
  readonly #handler: ConnectionHandler;
  readonly #traffic: Traffic;
  #caller: Caller;
  #errors = 0;
  #missedPongs = 0;
  #inFlight = 0;
  #isOver = false;
  #tokens: number;
  #refilledAtMs: number;

  /** `stream` is the raw connection under `socket`: shared frames are written to it directly. */
  constructor(deps: {
    socket: WebSocket;
    stream: Duplex;
    caller: Caller;
    limits: ConnectionLimits;
    now: () => number;
    handler: ConnectionHandler;
    traffic: Traffic;
  }) {
    const { socket } = deps;
    this.#socket = socket;
    this.#stream = deps.stream;
    this.#caller = deps.caller;
    this.#limits = deps.limits;
    this.#now = deps.now;
    this.#handler = deps.handler;
    this.#traffic = deps.traffic;
    this.inflates = socket.extensions.includes('permessage-deflate');
    this.#tokens = deps.limits.messageBurst;
    this.#refilledAtMs = deps.now();
    // ws closes the connection itself, with the code that fits.
    socket.on('error', () => {});
    socket.on('pong', () => {
      this.#missedPongs = 0;
    });
    socket.on('message', (data, isBinary) => void this.#received(data, isBinary));
    socket.on('close', () => {
      this.#isOver = true;
      this.#handler.closed();
    });
  }

  /** Who asks, as of now. */
  get caller(): Caller {
    return this.#caller;
  }

  get account(): Account | undefined {
    return this.#caller.account;
  }

  /** A login, or a newer token of the same person. @throws AppError forbidden for another person's. */
  identify(account: Account): void {
    const before = this.#caller.account;
    if (before !== undefined && before.id !== account.id) throw new AppError('forbidden');
    this.#caller = { ...this.#caller, account };
  }

  /** @throws AppError token_expired for somebody who has not renewed it yet. */
  assertFresh(): void {
    if ((this.account?.expiresAtMs ?? Infinity) <= this.#now()) throw new AppError('token_expired');
  }

  send(message: object): void {
    this.sendFrame(textFrame(JSON.stringify(message)));
  }

  /** Writes bytes that others may be given too: whole frames. A client that is too far behind is cut instead. */
  sendFrame(frame: Buffer): void {
    if (this.#isOver) return;
    const { writableLength } = this.#stream;
    if (writableLength > 0 && writableLength + frame.length > this.#limits.maxQueueBytes) {
      this.cut(CLOSE.resume, 'slow');
      return;
    }
    this.#traffic.frames++;
    this.#stream.write(frame);
  }

  /** Answers a malformed or refused message, about a channel where it is about one; too many end the connection. */
  refuse(error: unknown, id: MessageId, channel?: string): void {
    const refusal = asAppError(error, this.#caller);
    if (refusal.code === 'internal') this.#handler.failed(error);
    const { retryAfterSeconds: retryAfter } = refusal;
    this.send({
      ...{ type: 'error', id, code: refusal.code, error: refusal.words(this.#caller.language) },
      ...(channel === undefined ? {} : { channel }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    // Our own trouble is not the client's fault.
    if (refusal.status < 500) this.#errors++;
    if (this.#errors >= this.#limits.maxErrors) this.cut(CLOSE.tooManyErrors, 'too many errors');
  }

  /** Asks for a sign of life; two that stayed out end it. */
  ping(): void {
    if (this.#missedPongs >= 2) {
      this.#end('silent');
      this.#socket.terminate();
      return;
    }
    this.#missedPongs++;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Ended by the server: the close frame, and the connection soon after whether or not it was read. */
  cut(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#end(reason);
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_WAIT_MS).unref();
  }

  #end(reason: string): void {
    if (!this.#isOver) this.#traffic.cut(reason);
    this.#isOver = true;
  }

  async #received(data: RawData, isBinary: boolean): Promise<void> {
    if (this.#isOver) return;
    let id: MessageId;
    const span = new LogSpan({ user: this.account?.id });
    this.#inFlight++;
    try {
      if (!this.#takeToken() || this.#inFlight > MAX_IN_FLIGHT) throw new AppError('rate_limited');
      const message = parse(data, isBinary);
      id = idOf(message);
      span.know({ room: roomOf(message) });
      await span.run(() => this.#handler.received(message, id));
    } catch (error) {
      span.run(() => this.refuse(error, id));
    } finally {
      span.end();
      this.#inFlight--;
    }
  }

  /** False when this message is one too many. */
  #takeToken(): boolean {
    const { messageBurst, messagesPerSecond } = this.#limits;
    const now = this.#now();
    this.#tokens = Math.min(messageBurst, this.#tokens + ((now - this.#refilledAtMs) / 1000) * messagesPerSecond);
    this.#refilledAtMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Codes of errors that say what is away. */
const OUTAGES = ['database_unavailable', 'state_unavailable', 'engine_unavailable'] as const;

/** What a socket's client is told of any error. */
export function asAppError(error: unknown, { language }: Caller): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof z.ZodError)
    return new AppError('invalid_message', { fields: fieldWords(error.issues, language) });
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = OUTAGES.find((outage) => outage === code);
  return new AppError(known ?? 'internal');
}

function parse(data: RawData, isBinary: boolean): unknown {
  if (isBinary) throw new AppError('invalid_message', { fields: 'binary' });
  try {
    return JSON.parse(data.toString()) as unknown;
  } catch {
    throw new AppError('invalid_json');
  }
}

/** The room that a message of signaling is about. */
function roomOf(message: unknown): string | undefined {
  const room = typeof message === 'object' && message !== null && 'roomId' in message ? message.roomId : undefined;
  return typeof room === 'string' && room.length <= 100 ? room : undefined;
}

/** The id of a message that may be wrong otherwise, so that its error can be matched. */
function idOf(message: unknown): MessageId {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined;
  return (typeof id === 'string' && id.length <= 100) || typeof id === 'number' ? id : undefined;
}
