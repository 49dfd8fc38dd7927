import type { ServerResponse } from 'node:http';
import type { Guest } from '../../sockets/roster.ts';
import type { Caller } from '../gateway/contract.ts';
import type { LogEntry } from './contract.ts';
import { beginEventStream } from '../../http/event-stream.ts';

const RETRY_MS = 3000;
const HEARTBEAT_MS = 15_000;
/** Bytes queued for somebody who does not read; more cuts them. */
const MAX_QUEUE_BYTES = 1024 * 1024;

export interface TailStreamDeps {
  response: ServerResponse;
  /** What the router has set so far. */
  headers: Readonly<Record<string, number | string | string[] | undefined>>;
  caller: Caller;
  onEnd(): void;
}

/** One `text/event-stream` of lines, as they are said. */
export class TailStream implements Guest {
  readonly caller: Caller;
  readonly #response: ServerResponse;
  readonly #heart: NodeJS.Timeout;
  #isOver = false;

  constructor({ response, headers, caller, onEnd }: TailStreamDeps) {
    this.caller = caller;
    this.#response = response;
    beginEventStream(response, { headers, retryMs: RETRY_MS });
    this.#heart = setInterval(() => this.#write(':\n\n'), HEARTBEAT_MS).unref();
    response.on('error', () => response.destroy());
    response.on('close', () => {
      this.#isOver = true;
      clearInterval(this.#heart);
      onEnd();
    });
  }

  take(entries: readonly LogEntry[], dropped: number): void {
    const lines = entries.map((entry) => `data: ${JSON.stringify(entry)}\n\n`);
    this.#write(`${lines.join('')}${dropped > 0 ? `event: dropped\ndata: ${JSON.stringify({ dropped })}\n\n` : ''}`);
  }

  /** The heartbeat shows it, and the kernel tells when nobody is there. */
  ping(): void {}

  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#isOver) return;
    const { writableLength } = this.#response;
    if (writableLength > 0 && writableLength + text.length > MAX_QUEUE_BYTES) {
      this.#isOver = true;
      this.#response.destroy();
      return;
    }
    this.#response.write(text);
  }
}
