import { KaiboError, localError } from '../errors.ts';
import type { Channel } from './channel.ts';
import { EVENTS_PATH, eventsQuery, type Ask, type EventsQuery } from './events-source.ts';
import { parseServerMessage } from './messages.ts';
import { SseParser } from './sse-parser.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface SseTransportOptions {
  ask: Ask;
  /** A stream without a word for this long is held back by something on the way. */
  silenceMs: number;
}

/**
 * Channels as Server-Sent Events. Read with `fetch`, which, unlike EventSource, sends the token in a header and tells
 * why it was refused. A change of channels opens the stream anew, from where each channel is.
 */
export class SseTransport implements Transport {
  readonly kind = 'sse';
  readonly #options: SseTransportOptions;
  readonly #events: TransportEvents;
  #channels: ReadonlyMap<string, Channel> = new Map();
  #stream: AbortController | null = null;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;

  constructor(options: SseTransportOptions, events: TransportEvents) {
    this.#options = options;
    this.#events = events;
  }

  open(channels: ReadonlyMap<string, Channel>): void {
    this.#channels = channels;
    this.#restart();
  }

  subscribe(): void {
    this.#restart();
  }

  unsubscribe(): void {
    this.#restart();
  }

  send(): boolean {
    return false;
  }

  authenticate(): boolean {
    return false;
  }

  close(): void {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#silenceTimer);
    this.#stream?.abort();
    this.#stream = null;
    this.#isOpen = false;
  }

  /** A page that comes subscribes to several channels in one go: one stream for all of them. */
  #restart(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => {
      this.#stream?.abort();
      const stream = new AbortController();
      this.#stream = stream;
      const query = eventsQuery(this.#channels.values());
      clearTimeout(this.#silenceTimer);
      if (query === null) return;
      this.#watchSilence();
      void this.#read(stream, query).catch((error: unknown) => this.#lost(stream, error));
    }, 0);
  }

  async #read(stream: AbortController, query: EventsQuery): Promise<void> {
    const response = await this.#options.ask(EVENTS_PATH, {
      query,
      accept: 'text/event-stream',
      signal: stream.signal,
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (!isStream || response.body === null) throw localError('network', 'not an event stream');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new SseParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stream !== stream) return;
      if (done) throw localError('network', 'the stream ended');
      this.#heard();
      for (const data of parser.push(value)) {
        const message = parseServerMessage(data);
        if (message !== null && this.#stream === stream) this.#events.message(message);
      }
    }
  }

  /** Only a first word proves that nothing on the way holds the stream back. */
  #heard(): void {
    this.#watchSilence();
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#events.opened();
  }

  #watchSilence(): void {
    clearTimeout(this.#silenceTimer);
    const stream = this.#stream;
    this.#silenceTimer = setTimeout(
      () => stream && this.#lost(stream, localError('timeout', 'silence')),
      this.#options.silenceMs,
    );
  }

  #lost(stream: AbortController, error: unknown): void {
    if (this.#stream !== stream) return;
    const wasOpen = this.#isOpen;
    this.close();
    this.#events.lost({ code: 0, wasOpen, ...(error instanceof KaiboError ? { error } : {}) });
  }
}
