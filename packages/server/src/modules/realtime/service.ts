import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, fieldWords, type Caller } from '../gateway/contract.ts';
import { RealtimeClient, type ClientLimits } from './client.ts';
import {
  CLOSE,
  envelopeSchema,
  subscribeSchema,
  unsubscribeSchema,
  type ChannelSource,
  type MessageId,
  type RealtimeCommand,
} from './contract.ts';
import { ChannelFeed } from './subscription.ts';

export interface RealtimeOptions extends ClientLimits {
  maxSubscriptions: number;
  pingEveryMs: number;
}

export const DEFAULT_REALTIME_OPTIONS: RealtimeOptions = {
  maxQueueBytes: 1024 * 1024,
  maxErrors: 50,
  messageBurst: 100,
  messagesPerSecond: 20,
  maxSubscriptions: 64,
  pingEveryMs: 20_000,
};

export interface RealtimeDeps {
  state: StateCenter;
  sources: readonly ChannelSource[];
  commands: readonly RealtimeCommand[];
  logger: Logger;
  now: () => number;
  options?: Partial<RealtimeOptions>;
}

/** Every socket of this node and what it listens to. */
export class RealtimeService {
  readonly #deps: RealtimeDeps;
  readonly #options: RealtimeOptions;
  readonly #clients = new Set<RealtimeClient>();
  readonly #feeds = new Map<string, ChannelFeed>();
  readonly #pinger: NodeJS.Timeout;

  constructor(deps: RealtimeDeps) {
    this.#deps = deps;
    this.#options = { ...DEFAULT_REALTIME_OPTIONS, ...deps.options };
    this.#pinger = setInterval(() => {
      for (const client of this.#clients) client.ping();
    }, this.#options.pingEveryMs);
    this.#pinger.unref();
  }

  get connections(): number {
    return this.#clients.size;
  }

  accept(socket: WebSocket, stream: Duplex, caller: Caller): void {
    const client = new RealtimeClient({ socket, stream, caller, limits: this.#options, now: this.#deps.now });
    this.#clients.add(client);
    socket.on('error', (error) => this.#deps.logger.debug({ err: error }, 'realtime socket'));
    socket.on('message', (data, isBinary) => void this.#received(client, data, isBinary));
    socket.on('close', () => {
      this.#clients.delete(client);
      for (const leave of client.subscriptions.values()) leave();
      client.subscriptions.clear();
    });
  }

  /** Tells every client to come back later. */
  close(): void {
    clearInterval(this.#pinger);
    for (const client of this.#clients) client.cut(CLOSE.goingAway, 'the server stops');
  }

  async #received(client: RealtimeClient, data: RawData, isBinary: boolean): Promise<void> {
    let id: MessageId;
    try {
      if (!client.takeMessageToken()) throw new AppError('rate_limited');
      const message = parse(data, isBinary);
      id = idOf(message);
      const { type } = envelopeSchema.parse(message);
      await this.#dispatch(client, { type, id, message });
    } catch (error) {
      this.#refuse(client, id, error);
    }
  }

  async #dispatch(
    client: RealtimeClient,
    { type, id, message }: { type: string; id: MessageId; message: unknown },
  ): Promise<void> {
    switch (type) {
      case 'ping':
        return client.send({ type: 'pong', id });
      case 'subscribe':
        return this.#subscribe(client, subscribeSchema.parse(message));
      case 'unsubscribe': {
        const { channel } = unsubscribeSchema.parse(message);
        client.subscriptions.get(channel)?.();
        client.subscriptions.delete(channel);
        return client.send({ type: 'ack', id });
      }
      default: {
        const command = this.#deps.commands.find((candidate) => candidate.type === type);
        if (command === undefined) throw new AppError('invalid_message', { fields: `type: ${type}` });
        return client.send({ type: 'ack', id, data: await command.run(message, client.caller) });
      }
    }
  }

  /** The ack comes first when the message has an id, then the snapshot. */
  async #subscribe(
    client: RealtimeClient,
    { id, channel, since, token }: z.output<typeof subscribeSchema>,
  ): Promise<void> {
    const source = this.#deps.sources.find(({ pattern }) => pattern.test(channel));
    if (source === undefined) throw new AppError('unknown_channel');
    if (!client.subscriptions.has(channel) && client.subscriptions.size >= this.#options.maxSubscriptions) {
      throw new AppError('too_many_subscriptions');
    }
    const asker = { caller: client.caller, token };
    client.subscriptions.get(channel)?.();
    let isLeft = false;
    let leaveFeed = (): void => {};
    const leave = (): void => {
      isLeft = true;
      leaveFeed();
    };
    client.subscriptions.set(channel, leave);
    try {
      await source.authorize(channel, asker);
      if (isLeft) return;
      const feed = this.#feed(channel, source);
      const membership = feed.join(client);
      leaveFeed = () => {
        membership.leave();
        this.#dropIfEmpty(channel, feed);
      };
      if (id !== undefined) client.send({ type: 'ack', id });
      await membership.begin(asker, since ?? undefined);
    } catch (error) {
      leave();
      if (client.subscriptions.get(channel) === leave) client.subscriptions.delete(channel);
      throw error;
    }
  }

  #feed(channel: string, source: ChannelSource): ChannelFeed {
    const feed = this.#feeds.get(channel) ?? new ChannelFeed({ name: channel, source, state: this.#deps.state });
    this.#feeds.set(channel, feed);
    return feed;
  }

  #dropIfEmpty(channel: string, feed: ChannelFeed): void {
    if (!feed.isEmpty || this.#feeds.get(channel) !== feed) return;
    this.#feeds.delete(channel);
    feed.close().catch((error: unknown) => this.#deps.logger.warn({ err: error, channel }, 'a channel was not left'));
  }

  #refuse(client: RealtimeClient, id: MessageId, error: unknown): void {
    const { language } = client.caller;
    const refusal =
      error instanceof z.ZodError
        ? new AppError('invalid_message', { fields: fieldWords(error.issues, language) })
        : error;
    if (refusal instanceof AppError) {
      client.refuse({ id, code: refusal.code, error: refusal.words(language) });
      return;
    }
    this.#deps.logger.error({ err: error }, 'realtime message failed');
    client.refuse({ id, code: 'internal', error: new AppError('internal').words(language) });
  }
}

function parse(data: RawData, isBinary: boolean): unknown {
  if (isBinary) throw new AppError('invalid_message', { fields: 'binary' });
  try {
    return JSON.parse(data.toString()) as unknown;
  } catch {
    throw new AppError('invalid_json');
  }
}

/** The id of a message that may be wrong otherwise, so that its error can be matched. */
function idOf(message: unknown): MessageId {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined;
  return (typeof id === 'string' && id.length <= 100) || typeof id === 'number' ? id : undefined;
}
