import { setTimeout as sleep } from 'node:timers/promises';
import { RtmpClient } from '../support/rtmp-client.ts';
import { AVC_CONFIG, numberedFrame } from '../hostile/target.ts';
import { KaiboClient, KaiboError, newKey, type SdkClient, type SdkTransport } from './sdk.ts';
import type { Seat, Stage } from './stage.ts';

/** How long a request may take before it is made again. */
const REQUEST_MS = 5000;
const FRAME_MS = 200;
const KEY_EVERY = 5;
/** Like an encoder: how long it waits before it connects again, and how long a connection may be of no use. */
const AGAIN_MS = 500;
const DEAD_AFTER_MS = 3000;

/** A client whose requests end. */
export function clientOf(baseUrl: string): SdkClient {
  return new KaiboClient({
    baseUrl,
    fetch: (input, init) => {
      const isStream = String(input).includes('/api/events');
      if (isStream) return fetch(input, init);
      const signals = [AbortSignal.timeout(REQUEST_MS), ...(init?.signal ? [init.signal] : [])];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    },
  });
}

/** Asks until there is an answer that is one: what the network or a server in trouble says is none. */
export async function insist<T>(ask: () => Promise<T>, isOver: () => boolean = () => false): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isDefinite =
        error instanceof KaiboError && error.status >= 400 && error.status < 500 && error.status !== 429;
      if (isDefinite || isOver()) throw error;
      await sleep(200);
    }
  }
}

/** Somebody who listens to a room by the SDK, and comes back by themselves. */
export class Listener {
  readonly name: string;
  /** Of `gift.sent`, in the order of arrival. */
  readonly gifts: string[] = [];
  /** Of the room: `room.live` and so on. */
  readonly states: string[] = [];
  /** Snapshots after the first: each is a loss. */
  losses = 0;
  #heardMs = 0;
  readonly #stop: () => void;
  #snapshots = 0;
  readonly begun: Promise<void>;

  constructor({ url, roomId, vid, transport }: { url: string; roomId: string; vid: string; transport: SdkTransport }) {
    this.name = `${transport} to ${roomId}`;
    const realtime = clientOf(url).realtime({
      ...{ transport, backoff: { minMs: 100, maxMs: 1000 }, requestTimeoutMs: REQUEST_MS },
      ...(transport === 'websocket' ? { pingIntervalMs: 2000, pongTimeoutMs: 2000 } : {}),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    realtime.subscribe(
      `room:${roomId}`,
      (message) => {
        this.#heardMs = Date.now();
        if (message.kind === 'snapshot') {
          if (this.#snapshots++ > 0) this.losses++;
          resolve();
        } else if (message.event === 'gift.sent') this.gifts.push((message.data as { id: string }).id);
        else if (message.event.startsWith('room.')) this.states.push(message.event);
      },
      { vid },
    );
    // By this one they are counted.
    realtime.subscribe(`live:${roomId}`, () => undefined, { vid });
    this.#stop = () => realtime.close();
  }

  /** For a message of what went wrong. */
  get told(): string {
    return `${this.name} heard of ${this.gifts.length}, ${this.losses} losses, the last at ${this.#heardMs}`;
  }

  close(): void {
    this.#stop();
  }
}

/** Gives again and again, each gift until it knows that it was given. */
export class Giver {
  readonly given = new Map<string, string>();
  readonly problems: string[] = [];
  readonly #client: SdkClient;
  readonly #roomId: string;
  #isOver = false;
  readonly #giving: Promise<void>;

  constructor(client: SdkClient, roomId: string) {
    this.#client = client;
    this.#roomId = roomId;
    this.#giving = this.#give();
  }

  /** Returns when the last one is known to be given. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#giving;
  }

  async #give(): Promise<void> {
    while (!this.#isOver) {
      const key = newKey();
      try {
        const input = { giftId: 'heart', count: 1, price: 1 };
        const { id } = await insist(() => this.#client.gifts.send(this.#roomId, input, { key }));
        this.given.set(key, id);
      } catch (error) {
        this.problems.push(`a gift was refused: ${String(error)}`);
      }
      await sleep(100);
    }
  }
}

/** An encoder: it sends to one node, and when that is of no use to the other. What it left may be open for a while. */
export class Encoder {
  readonly #stage: Stage;
  readonly #name: string;
  readonly #left = new Set<RtmpClient>();
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.#name = name;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    for (const client of this.#left) client.close();
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const seat = this.#stage.seats[turn % this.#stage.seats.length];
      if (seat !== undefined) await this.#publishTo(seat).catch(() => undefined);
      if (!this.#isOver) await sleep(AGAIN_MS);
    }
  }

  async #publishTo({ node, rtmp }: Seat): Promise<void> {
    const client = await RtmpClient.connect({ port: rtmp.port, timeoutMs: DEAD_AFTER_MS });
    let isClosed = false;
    void client.closed.then(() => (isClosed = true));
    try {
      const { streamId, status } = await client.publish(this.#name);
      if (status['code'] !== 'NetStream.Publish.Start') return;
      client.sendMedia(streamId, { type: 'video', timestamp: 0, payload: AVC_CONFIG });
      let healthyAtMs = performance.now();
      for (let frame = 0; !this.#isOver && !isClosed; frame++) {
        const payload = numberedFrame(frame, { isKey: frame % KEY_EVERY === 0, bytes: 100 });
        client.sendMedia(streamId, { type: 'video', timestamp: frame * FRAME_MS, payload });
        client.inbox.length = 0;
        await sleep(FRAME_MS);
        if (this.#stage.isHealthy(node)) healthyAtMs = performance.now();
        if (performance.now() - healthyAtMs > DEAD_AFTER_MS) return this.#leave(client, streamId);
      }
    } finally {
      if (!this.#left.has(client)) client.close();
    }
  }

  /** A node that does not answer: the connection stays as it is, and what it was told arrives when it wakes. */
  #leave(client: RtmpClient, streamId: number): void {
    this.#left.add(client);
    const sending = setInterval(() => {
      client.sendMedia(streamId, {
        type: 'video',
        timestamp: 0,
        payload: numberedFrame(0, { isKey: true, bytes: 100 }),
      });
    }, FRAME_MS);
    void client.closed.then(() => {
      clearInterval(sending);
      this.#left.delete(client);
    });
  }
}

/** Plays by HTTP-FLV and comes back; it is there while its connection is. */
export class Player {
  readonly #url: () => Promise<string>;
  #isOver = false;
  #abort = new AbortController();
  readonly #running: Promise<void>;
  #seenMs = -Infinity;

  constructor(url: () => Promise<string>) {
    this.#url = url;
    this.#running = this.#run();
  }

  isThere = false;

  get isWatching(): boolean {
    return performance.now() - this.#seenMs < DEAD_AFTER_MS;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#abort = new AbortController();
      // A player that sees nothing for a while begins anew.
      const watch = setInterval(() => !this.isWatching && this.#abort.abort(), 2 * DEAD_AFTER_MS);
      try {
        const answer = await fetch(await this.#url(), { signal: this.#abort.signal });
        if (!answer.ok || answer.body === null) throw new Error(`HTTP ${answer.status}`);
        this.isThere = true;
        for await (const _ of answer.body) this.#seenMs = performance.now();
      } catch {
        // It comes back.
      } finally {
        this.isThere = false;
        clearInterval(watch);
      }
      if (!this.#isOver) await sleep(AGAIN_MS);
    }
  }
}
