import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import {
  type Bucket,
  StateUnavailableError,
  type GroupCount,
  type Lease,
  type Listener,
  type LogRead,
  type NewEvent,
  type Position,
  type StateCenter,
  type StateEvent,
  type StateHealth,
  type Unsubscribe,
} from '../contract.ts';
import { createConnection, type Connection, type RedisClient } from './connection.ts';
import { Groups } from './groups.ts';
import { Keys } from './keys.ts';
import { Leases } from './leases.ts';
import { Link, type BreakerState, type Run } from './link.ts';
import { Log } from './log.ts';
import { NODE_LOST, NODES_CHANNEL, Nodes, type LostNode } from './nodes.ts';
import { COUNT, runScript, TAKE } from './scripts.ts';
import { Subscriptions } from './subscriptions.ts';

const CONNECT_MS = 10_000;
/** Closing gives up what is held if Redis answers this fast; what it does not hear of ends by itself. */
const CLOSE_MS = 1500;

export interface RedisStateOptions {
  /** `redis://` or `rediss://`; a list of them is a Redis Cluster. */
  url: string | readonly string[];
  /** Begins every key. */
  prefix: string;
  /** Events kept per channel. */
  historySize: number;
  logger: Logger;
  now?: () => number;
  connectTimeoutMs?: number;
}

/** The state center of many nodes, on a Redis 7 server or cluster. */
export class RedisStateCenter implements StateCenter {
  readonly nodeId = randomBytes(6).toString('hex');
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #link: Link;
  readonly #log: Log;
  readonly #subscriptions: Subscriptions;
  readonly #groups: Groups;
  readonly #leases: Leases;
  readonly #nodes: Nodes;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #run: Run;
  readonly #lostListeners = new Set<(lost: LostNode) => void>();
  #ping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws Error with what Redis said last, when it could not be reached within `connectTimeoutMs` (10 s). */
  static async connect(options: RedisStateOptions): Promise<RedisStateCenter> {
    const center = new RedisStateCenter(options);
    try {
      await center.#connect(options.connectTimeoutMs ?? CONNECT_MS);
    } catch (error) {
      await center.close();
      throw error;
    }
    return center;
  }

  private constructor({ url, prefix, historySize, logger, now = Date.now }: RedisStateOptions) {
    this.#logger = logger;
    this.#now = now;
    this.#keys = new Keys(prefix);
    this.#link = new Link({ recover: () => this.#recover(), logger, now });
    this.#link.onHealth(({ ok }) => {
      if (ok) void this.#groups.settle();
    });
    this.#run = (command) => this.#link.run(command);
    this.#connection = createConnection(url, {
      onTrouble: (error) => this.#look(error),
      onReturn: () => void this.#subscriptions.readOn(),
    });
    const shared = { connection: this.#connection, keys: this.#keys, link: this.#link, logger, nodeId: this.nodeId };
    this.#log = new Log({ ...shared, historySize, now });
    this.#subscriptions = new Subscriptions({ ...shared, log: this.#log });
    this.#groups = new Groups({ ...shared, session: () => this.#nodes.session });
    this.#leases = new Leases(shared);
    this.#nodes = new Nodes({ ...shared, log: this.#log, groups: this.#groups, leases: this.#leases });
  }

  /** For what shares the connection, such as a rate limiter; its commands pass the breaker by. */
  get client(): RedisClient {
    return this.#connection.client;
  }

  get breaker(): BreakerState {
    return this.#link.breaker;
  }

  append(channel: string, event: NewEvent): Promise<Position> {
    return this.#log.append(this.#run, channel, event);
  }

  async publishEphemeral(channel: string, event: string, data: unknown): Promise<void> {
    const { wire } = this.#keys.channel(channel);
    const payload = JSON.stringify({ event, data, atMs: this.#now() } satisfies StateEvent);
    await this.#run(() => this.#connection.send(wire, ['SPUBLISH', wire, `- ${payload}`]));
  }

  position(channel: string): Promise<Position> {
    return this.#orLastKnown(
      () => this.#log.position(this.#run, channel),
      () => this.#subscriptions.known(channel),
    );
  }

  read(channel: string, since: Position): Promise<LogRead> {
    return this.#orLastKnown(
      () => this.#log.read(this.#run, channel, since),
      () => this.#subscriptions.recall(channel, since),
    );
  }

  subscribe(channel: string, listener: Listener): Promise<Unsubscribe> {
    return this.#subscriptions.subscribe(channel, listener);
  }

  enter(group: string, member: string, limit = 0): Promise<boolean> {
    return this.#groups.enter(group, member, limit);
  }

  leave(group: string, member: string): Promise<void> {
    return this.#groups.leave(group, member);
  }

  counts(groups: readonly string[]): Promise<Map<string, GroupCount>> {
    return this.#groups.counts(groups);
  }

  members(group: string, limit: number): Promise<string[]> {
    return this.#groups.members(group, limit);
  }

  lease(name: string, value = ''): Promise<Lease | undefined> {
    return this.#leases.take(name, value);
  }

  holders(names: readonly string[]): Promise<Map<string, { nodeId: string; value: string }>> {
    return this.#leases.holders(names);
  }

  count(name: string, by: number, ttlMs: number): Promise<number> {
    const request = { keys: [this.#keys.counter(name)] as [string], args: [by, ttlMs] };
    return this.#run(() => runScript(this.#connection, COUNT, request));
  }

  async clearCount(name: string): Promise<void> {
    const key = this.#keys.counter(name);
    await this.#run(() => this.#connection.send(key, ['DEL', key]));
  }

  take(name: string, { burst, perSecond }: Bucket, want = 1): Promise<number> {
    const request = { keys: [this.#keys.bucket(name)] as [string], args: [burst, 1000 / perSecond, want] };
    return this.#run(() => runScript(this.#connection, TAKE, request));
  }

  health(): StateHealth {
    return this.#link.health;
  }

  onHealth(listener: (health: StateHealth) => void): void {
    this.#link.onHealth(listener);
  }

  onNodeLost(listener: (lost: LostNode) => void): void {
    this.#lostListeners.add(listener);
  }

  measure(registry: Registry): void {
    this.#link.metrics.show(registry);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #connect(timeoutMs: number): Promise<void> {
    await withinTime(this.#keepConnecting(), timeoutMs, () => this.#lastTrouble);
    await this.#nodes.join();
    const listener: Listener = { deliver: (delivery) => this.#hearOfNodes(delivery), reset: () => {} };
    await this.subscribe(NODES_CHANNEL, listener);
    this.#nodes.start();
  }

  #lastTrouble: unknown;
  #isConnected = false;

  async #keepConnecting(): Promise<void> {
    while (this.#closing === undefined) {
      try {
        await this.#connection.connect();
        await this.#connection.ping();
        this.#isConnected = true;
        return;
      } catch (error) {
        this.#lastTrouble ??= error;
        await delay(200);
      }
    }
  }

  /** A connection has failed: whether Redis is away is seen by asking it, and then not only by the next request. */
  #look(error: unknown): void {
    this.#lastTrouble = error;
    if (this.#isConnected && this.#link.isClosed) this.#link.attempt(() => this.#pingOnce()).catch(() => {});
  }

  /** One at a time, so that a connection on which nobody answers becomes silent and is given up. */
  #pingOnce(): Promise<void> {
    this.#ping ??= this.#connection.ping().finally(() => (this.#ping = undefined));
    return this.#ping;
  }

  async #recover(): Promise<void> {
    await this.#link.attempt(() => this.#pingOnce());
    await this.#nodes.rejoin();
    await this.#leases.renew((command) => this.#link.attempt(command));
    await this.#subscriptions.recover();
  }

  async #orLastKnown<T>(ask: () => Promise<T>, recall: () => T | undefined): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const known = error instanceof StateUnavailableError ? recall() : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }

  #hearOfNodes({ event, data }: StateEvent): void {
    if (event !== NODE_LOST) return;
    const lost = data as LostNode;
    if (lost.nodeId === this.nodeId) return;
    for (const listener of this.#lostListeners) listener(lost);
  }

  async #close(): Promise<void> {
    this.#nodes.stop();
    this.#subscriptions.close();
    if (this.#isConnected && this.#link.isClosed) {
      const givingUp = Promise.all([this.#leases.releaseAll(), this.#nodes.leave()]);
      await withinTime(givingUp, CLOSE_MS, () => undefined).catch((error: unknown) =>
        this.#logger.warn({ err: error }, 'what this node held ends by itself, Redis was not told'),
      );
    }
    this.#link.end();
    this.#groups.clear();
    this.#connection.destroy();
  }
}

async function withinTime<T>(work: Promise<T>, timeoutMs: number, why: () => unknown): Promise<T> {
  const ended = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: ended.signal }).then(() => {
    const reason = why();
    throw new Error(reason instanceof Error ? reason.message : `no answer within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
    late.catch(() => {});
  }
}
