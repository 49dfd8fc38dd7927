import { randomBytes } from 'node:crypto';
import type { Delivery, LoggedEvent, LogRead, Position, StateCenter, Unsubscribe } from './contract.ts';

interface Channel {
  epoch: string;
  offset: number;
  /** The newest events, oldest first; at most `historySize`. */
  history: LoggedEvent[];
  listeners: Set<(delivery: Delivery) => void>;
}

export interface MemoryStateOptions {
  /** Events kept per channel. */
  historySize?: number;
  /** Channels kept; the longest unused without listeners goes first, and begins a new epoch if it comes back. */
  maxChannels?: number;
  now?: () => number;
}

/** The state center of a single process. */
export class MemoryStateCenter implements StateCenter {
  readonly #historySize: number;
  readonly #maxChannels: number;
  readonly #now: () => number;
  /** In order of last use. */
  readonly #channels = new Map<string, Channel>();

  constructor({ historySize = 1000, maxChannels = 10_000, now = Date.now }: MemoryStateOptions = {}) {
    this.#historySize = historySize;
    this.#maxChannels = maxChannels;
    this.#now = now;
  }

  async publish(name: string, event: string, data: unknown): Promise<Position> {
    const channel = this.#use(name);
    channel.offset++;
    const logged: LoggedEvent = { event, data, atMs: this.#now(), offset: channel.offset };
    channel.history.push(logged);
    if (channel.history.length > this.#historySize) channel.history.shift();
    const position = positionOf(channel);
    for (const listener of channel.listeners) listener({ event, data, atMs: logged.atMs, position });
    return position;
  }

  async publishEphemeral(name: string, event: string, data: unknown): Promise<void> {
    const listeners = this.#channels.get(name)?.listeners;
    if (listeners === undefined) return;
    const delivery: Delivery = { event, data, atMs: this.#now() };
    for (const listener of listeners) listener(delivery);
  }

  async position(name: string): Promise<Position> {
    return positionOf(this.#use(name));
  }

  async read(name: string, since: Position): Promise<LogRead> {
    const channel = this.#use(name);
    const position = positionOf(channel);
    const oldestKept = channel.offset - channel.history.length;
    const recovered = since.epoch === channel.epoch && since.offset >= oldestKept && since.offset <= channel.offset;
    return { recovered, position, events: recovered ? channel.history.slice(since.offset - oldestKept) : [] };
  }

  async subscribe(name: string, listener: (delivery: Delivery) => void): Promise<Unsubscribe> {
    const { listeners } = this.#use(name);
    listeners.add(listener);
    return async () => {
      listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#channels.clear();
  }

  #use(name: string): Channel {
    const channel = this.#channels.get(name) ?? {
      epoch: randomBytes(6).toString('hex'),
      offset: 0,
      history: [],
      listeners: new Set(),
    };
    this.#channels.delete(name);
    this.#channels.set(name, channel);
    if (this.#channels.size > this.#maxChannels) this.#evict();
    return channel;
  }

  #evict(): void {
    for (const [name, channel] of this.#channels) {
      if (channel.listeners.size > 0) continue;
      this.#channels.delete(name);
      return;
    }
  }
}

function positionOf({ epoch, offset }: Channel): Position {
  return { epoch, offset };
}
