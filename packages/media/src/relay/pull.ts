import type { Socket } from 'node:net';
import type { MediaPacket } from '@kaibo/formats';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import { randomClientId } from '../hub/client-id.ts';
import type { Publisher } from '../hub/publisher.ts';
import { PublisherWatch } from '../hub/publisher-watch.ts';
import type { MediaLog, PublishTicket } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { MediaOptions } from '../options.ts';
import { RtmpClientError } from '../rtmp/client-error.ts';
import { Backoff } from './backoff.ts';
import { openSource, type PullSource } from './pull-source.ts';

const RETRY = { firstMs: 1000, maxMs: 30_000 };
/** Codes of a source with which no connection came about. */
const UNREACHED = new Set(['unreachable', 'timeout']);
/** A source that sent this long has earned a quick attempt again. */
const STEADY_MS = 10_000;
/** Packets that come while the right to publish is asked for; a source that sends more meanwhile loses them. */
const MAX_EARLY_PACKETS = 4096;

/** A stream to fetch, as the main thread orders it. */
export interface PullOrder {
  app: string;
  stream: string;
  /** May hold a key: a secret. */
  url: string;
  /** From another node of the platform: it is not tried again, for whoever ordered it looks for the stream anew. */
  isOnce: boolean;
}

export interface PullHost {
  readonly options: MediaOptions;
  readonly log: MediaLog;
  /** Publishes without asking the hooks: the operator's rule, or the platform, is the right to. */
  publishRelay(client: MediaClient, publisher: Publisher): Promise<PublishTicket | Denial>;
  /** One that was to be tried once has ended by itself. */
  pullOver(key: StreamKey): void;
}

/**
 * Fetches one stream from another server and publishes it here, until it is stopped. Reconnects with growing waits;
 * gives way to whoever else publishes the stream, and tries again later. What is tried once ends instead.
 */
export class StreamPull {
  readonly #order: PullOrder;
  readonly #host: PullHost;
  readonly #over: () => void;
  readonly #retry: Backoff;
  #session: PullSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flowsSinceMs: number | undefined;
  #stopped = false;

  /** `over` is called when one that is tried once has ended by itself. */
  constructor(order: PullOrder, host: PullHost, over: () => void) {
    this.#order = order;
    this.#host = host;
    this.#over = over;
    this.#retry = new Backoff({ ...RETRY, random: Math.random });
  }

  start(): void {
    const session = new PullSession(this.#order, this.#host, {
      flowing: () => (this.#flowsSinceMs = Date.now()),
      ended: (code, message) => this.#ended(code, message),
    });
    this.#session = session;
    void session.run();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#session?.finish('closed');
  }

  #ended(code: string, message: string): void {
    this.#session = undefined;
    if (this.#stopped) return;
    if (this.#order.isOnce) {
      const fields = { stream: `${this.#order.app}/${this.#order.stream}`, code };
      // That it ends, and is looked for elsewhere, is the way of things; a node that cannot be reached is for an operator.
      const level = UNREACHED.has(code) ? 'warn' : 'info';
      this.#host.log[level](fields, `a stream does not come from another node: ${message}`);
      return this.#over();
    }
    if (this.#flowsSinceMs !== undefined && Date.now() - this.#flowsSinceMs >= STEADY_MS) this.#retry.reset();
    this.#flowsSinceMs = undefined;
    const { app, stream } = this.#order;
    const waitMs = this.#retry.nextMs();
    this.#host.log.warn({ stream: `${app}/${stream}`, code, waitMs }, `a stream could not be fetched: ${message}`);
    this.#timer = setTimeout(() => this.start(), waitMs);
  }
}

/** One connection to the source, and the publish that it feeds. */
class PullSession implements Publisher {
  readonly clientId = randomClientId();
  readonly #order: PullOrder;
  readonly #host: PullHost;
  readonly #listener: { flowing(): void; ended(code: string, message: string): void };
  readonly #watch: PublisherWatch;
  #source: PullSource | undefined;
  #ticket: PublishTicket | undefined;
  #early: MediaPacket[] | undefined = [];
  #asked = false;
  #closed = false;

  constructor(
    order: PullOrder,
    host: PullHost,
    listener: { flowing(): void; ended(code: string, message: string): void },
  ) {
    this.#order = order;
    this.#host = host;
    this.#listener = listener;
    this.#watch = new PublisherWatch({ limits: host.options.limits, stop: (reason) => this.finish(reason) });
  }

  /** There is one as soon as there are packets, and so whenever anybody asks. */
  get socket(): Socket {
    if (this.#source === undefined) throw new Error('a pull publishes only what its source sends');
    return this.#source.socket;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      this.#source = await openSource(this.#order.url, {
        timeoutMs: this.#host.options.relay.timeoutMs,
        listener: {
          packet: (packet) => this.#packet(packet),
          closed: ({ code, message }) => this.#end('closed', code, message),
        },
      });
      if (this.#closed) this.#source.close();
      else if (this.#early !== undefined && this.#early.length > 0) this.#claim();
    } catch (error) {
      if (!(error instanceof RtmpClientError)) throw error;
      this.#end('closed', error.code, error.message);
    }
  }

  finish(reason: EndReason): void {
    this.#end(reason, reason, `it was ended here (${reason}).`);
  }

  #packet(packet: MediaPacket): void {
    if (this.#closed) return;
    this.#watch.count(packet.payload.length);
    if (this.#early === undefined) {
      this.#ticket?.push(packet);
      return;
    }
    if (this.#early.length < MAX_EARLY_PACKETS) this.#early.push(packet);
    if (this.#source !== undefined) this.#claim();
  }

  /** Publishes with the first packet: a source that plays nothing is no publisher. */
  #claim(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#host.publishRelay(this.#client(), this).then(
      (ticket) => this.#admitted(ticket),
      (error: unknown) => this.#end('engine_failure', 'engine_failure', String(error)),
    );
  }

  #admitted(ticket: PublishTicket | Denial): void {
    if (ticket.action === 'deny') return this.#end('closed', ticket.code, ticket.message);
    if (this.#closed) return ticket.close('closed');
    this.#ticket = ticket;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const packet of early) ticket.push(packet);
    this.#listener.flowing();
  }

  #end(reason: EndReason, code: string, message: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#early = undefined;
    this.#watch.close();
    this.#source?.close();
    this.#ticket?.close(reason);
    this.#listener.ended(code, message);
  }

  #client(): MediaClient {
    const { app, stream, isOnce } = this.#order;
    return {
      clientId: this.clientId,
      protocol: isOnce ? 'node' : 'relay',
      address: this.socket.remoteAddress ?? '',
      vhost: '__defaultVhost__',
      app,
      stream,
      param: '',
      tcUrl: '',
      pageUrl: '',
    };
  }
}
