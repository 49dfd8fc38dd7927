import type { ServerResponse } from 'node:http';
import type { Guest } from '../../sockets/roster.ts';
import type { Caller } from '../gateway/contract.ts';
import { vectorText, type Vector } from './contract.ts';
import type { FeedMessage } from './message.ts';
import { beginEventStream } from '../../http/event-stream.ts';

/** How long a browser waits before it comes back. */
const RETRY_MS = 2000;

export interface EventStreamDeps {
  response: ServerResponse;
  /** What the router has set so far. */
  headers: Readonly<Record<string, number | string | string[] | undefined>>;
  caller: Caller;
  /** Where the client stands, by channel; kept up with what is written. */
  vector: Vector;
  heartbeatMs: number;
  maxQueueBytes: number;
  onEnd(): void;
  onCut(reason: string): void;
}

/**
 * One `text/event-stream`. Every event's id is the vector after it, so that a browser that lost the connection says
 * by itself (`Last-Event-ID`) where to go on, for all of its channels.
 */
export class EventStream implements Guest {
  readonly caller: Caller;
  readonly #response: ServerResponse;
  readonly #vector: Vector;
  readonly #maxQueueBytes: number;
  readonly #heart: NodeJS.Timeout;
  readonly #onCut: (reason: string) => void;
  #isOver = false;

  constructor({ response, headers, caller, vector, heartbeatMs, maxQueueBytes, onEnd, onCut }: EventStreamDeps) {
    this.caller = caller;
    this.#response = response;
    this.#vector = vector;
    this.#maxQueueBytes = maxQueueBytes;
    this.#onCut = onCut;
    beginEventStream(response, { headers, retryMs: RETRY_MS });
    this.#heart = setInterval(() => this.#write(':\n\n'), heartbeatMs).unref();
    response.on('error', () => response.destroy());
    response.on('close', () => {
      this.#isOver = true;
      clearInterval(this.#heart);
      onEnd();
    });
  }

  /** Messages of one channel, as clients call it. */
  take(channel: string, messages: readonly FeedMessage[]): void {
    let text = '';
    for (const { json, position } of messages) {
      if (position !== undefined) this.#vector.set(channel, position);
      text += this.#event(json);
    }
    this.#write(text);
  }

  /** A message about a channel that is not from its log. */
  say(message: object): void {
    this.#write(this.#event(JSON.stringify(message)));
  }

  /** The heartbeat shows it, and the kernel tells when nobody is there. */
  ping(): void {}

  /** Streams know no codes: the client comes back with what it has. */
  cut(_code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onCut(reason);
    this.#response.end();
  }

  #event(json: string): string {
    const id = vectorText(this.#vector);
    return `${id === '' ? '' : `id: ${id}\n`}data: ${json}\n\n`;
  }

  #write(text: string): void {
    if (this.#isOver) return;
    const { writableLength } = this.#response;
    if (writableLength > 0 && writableLength + text.length > this.#maxQueueBytes) {
      this.#isOver = true;
      this.#onCut('slow');
      // What is queued is lost with the connection; the client's last id is of what it has read.
      this.#response.destroy();
      return;
    }
    this.#response.write(text);
  }
}
