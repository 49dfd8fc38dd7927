import { KaiboError } from '../errors.ts';
import { readJson } from '../http.ts';
import type { Channel } from './channel.ts';
import { EVENTS_PATH, eventsQuery, type Ask, type EventsQuery } from './events-source.ts';
import { readServerMessage } from './messages.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface PollingTransportOptions {
  ask: Ask;
  /** Between two answers. */
  pauseMs: number;
  /** How long the server may hold an answer back until there is something. */
  waitSeconds: number;
}

interface EventsAnswer {
  since: string;
  events?: unknown[];
  snapshots?: unknown[];
  errors?: unknown[];
}

/** Channels by asking again and again: what gets through everywhere. */
export class PollingTransport implements Transport {
  readonly kind = 'polling';
  readonly #options: PollingTransportOptions;
  readonly #events: TransportEvents;
  #channels: ReadonlyMap<string, Channel> = new Map();
  #request: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;

  constructor(options: PollingTransportOptions, events: TransportEvents) {
    this.#options = options;
    this.#events = events;
  }

  open(channels: ReadonlyMap<string, Channel>): void {
    this.#channels = channels;
    this.#askIn(0);
  }

  /** Another question replaces the one that the server holds. */
  subscribe(): void {
    this.#askIn(0);
  }

  unsubscribe(): void {
    this.#askIn(0);
  }

  send(): boolean {
    return false;
  }

  authenticate(): boolean {
    return false;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.#isOpen = false;
  }

  #askIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#request?.abort();
      const request = new AbortController();
      this.#request = request;
      const query = eventsQuery(this.#channels.values());
      if (query !== null) void this.#ask(request, query).catch((error: unknown) => this.#lost(request, error));
    }, delayMs);
  }

  async #ask(request: AbortController, query: EventsQuery): Promise<void> {
    const wait = query.since === '' ? undefined : String(this.#options.waitSeconds);
    const response = await this.#options.ask(EVENTS_PATH, { query: { ...query, wait }, signal: request.signal });
    const { snapshots = [], events = [], errors = [] } = await readJson<EventsAnswer>(response);
    if (this.#request !== request) return;
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#events.opened();
    }
    for (const value of [...errors, ...snapshots, ...events]) {
      const message = readServerMessage(value);
      if (message !== null && this.#request === request) this.#events.message(message);
    }
    // A listener may have asked for another channel meanwhile, which has set the next question already.
    if (this.#request === request) this.#askIn(this.#options.pauseMs);
  }

  #lost(request: AbortController, error: unknown): void {
    if (this.#request !== request) return;
    const wasOpen = this.#isOpen;
    this.close();
    this.#events.lost({ code: 0, wasOpen, ...(error instanceof KaiboError ? { error } : {}) });
  }
}
