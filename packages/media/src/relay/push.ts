import type { MediaPacket } from '@kaibo/formats';
import type { MediaLog } from '../hub/session-host.ts';
import type { PacketTap } from '../hub/subscriber.ts';
import { RtmpClient } from '../rtmp/client.ts';
import { RtmpClientError } from '../rtmp/client-error.ts';
import type { DialOptions } from '../rtmp/client-dial.ts';
import { parseRtmpUrl } from '../rtmp/client-url.ts';
import { Backoff } from './backoff.ts';
import { PushFeed } from './push-feed.ts';
import type { PushErrorCode, PushState, PushStatus } from './push-status.ts';

const TICK_MS = 1000;
/** AAC of a browser's Opus is there well before. */
const AUDIO_WAIT_MS = 3000;
/** A connection that lasted this long has earned a quick attempt again. */
const STEADY_MS = 10_000;
const RETRY = { firstMs: 1000, maxMs: 30_000 };
/** After a refusal: what is wrong is rarely put right within a minute, and servers ban who knocks too often. */
const REFUSED_RETRY = { firstMs: 30_000, maxMs: 600_000 };
const REFUSALS: ReadonlySet<PushErrorCode> = new Set([
  'bad_url',
  'address_refused',
  'connect_rejected',
  'publish_rejected',
]);

/** A live stream as a push needs it. */
export interface PushSource {
  isPublishing(): boolean;
  /** The tap first gets headers and the pictures since the last key frame. Returns how to leave. */
  tap(tap: PacketTap): () => void;
}

export interface PushOptions {
  id: string;
  /** `rtmp(s)://…` with its key: a secret. */
  url: string;
  source: PushSource;
  dial: DialOptions;
  /** Over this many bytes that the target has not taken, packets are dropped to the next key frame. */
  maxQueuedBytes: number;
  /** A target that stays over it this long is cut. */
  slowMs: number;
  log: MediaLog;
  /** Told of every change, and once a second while media flows. */
  report(status: PushStatus): void;
  random?(): number;
}

/** One connection that media flows over. */
interface Line {
  client: RtmpClient;
  feed: PushFeed;
  untap: () => void;
  isTapping: boolean;
  tick: NodeJS.Timeout;
  sinceMs: number;
  givenBytes: number;
  countedBytes: number;
  slowSinceMs: number | undefined;
}

/**
 * Pushes one stream to one RTMP server, for as long as the stream lives: connects while somebody publishes, reconnects
 * with growing waits, stays connected over an interruption of the stream.
 */
export class StreamPush implements PacketTap {
  readonly #options: PushOptions;
  readonly #retry: Backoff;
  readonly #refusedRetry: Backoff;
  #line: Line | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #status: PushStatus = { state: 'idle', sinceMs: Date.now(), sentBytes: 0, bitrateBps: 0, attempts: 0 };

  constructor(options: PushOptions) {
    const { random = Math.random } = options;
    this.#options = options;
    this.#retry = new Backoff({ ...RETRY, random });
    this.#refusedRetry = new Backoff({ ...REFUSED_RETRY, random });
  }

  get status(): PushStatus {
    return this.#status;
  }

  start(): void {
    void this.#attempt();
  }

  /** Says goodbye to the target. Idempotent; nothing is reported afterwards. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#dropLine()?.client.close();
  }

  packet(packet: MediaPacket): void {
    this.#line?.feed.packet(packet);
  }

  published(info: { bridged: boolean }): void {
    const line = this.#line;
    if (line === undefined) return;
    line.feed.published(info);
    // Headers that are as they were are not told again: who did not hear them yet asks.
    if (!line.isTapping && !line.feed.hasHeaders) queueMicrotask(() => this.#tap(line));
  }

  /** The connection stays, and so does its time, for the publisher that comes back. */
  interrupted(): void {}

  ended(): void {
    this.stop();
  }

  /** Never rejects: what fails is in the status. */
  async #attempt(): Promise<void> {
    if (!this.#options.source.isPublishing()) {
      this.#become('idle');
      this.#timer = setTimeout(() => void this.#attempt(), TICK_MS);
      return;
    }
    this.#become('connecting');
    try {
      const client = await RtmpClient.open(parseRtmpUrl(this.#options.url), this.#options.dial);
      if (this.#stopped) return client.close();
      const streamId = await client.publish({ closed: (error) => this.#failed(error) });
      if (this.#stopped) client.close();
      else if (!client.isClosed) this.#begin(client, streamId);
    } catch (error) {
      if (!(error instanceof RtmpClientError)) throw error;
      this.#failed(error);
    }
  }

  #begin(client: RtmpClient, streamId: number): void {
    const { maxQueuedBytes } = this.#options;
    const line: Line = {
      client,
      feed: new PushFeed({
        streamId,
        maxQueuedBytes,
        queuedBytes: () => client.queuedBytes,
        restart: () => this.#tap(line),
        write: (bytes) => {
          line.givenBytes += bytes.length;
          client.send(bytes);
        },
      }),
      untap: () => undefined,
      isTapping: false,
      tick: setInterval(() => this.#tick(line), TICK_MS),
      sinceMs: Date.now(),
      givenBytes: 0,
      countedBytes: 0,
      slowSinceMs: undefined,
    };
    this.#line = line;
    this.#become('pushing');
    this.#tap(line);
  }

  /** Headers and the pictures so far, in one write, and then what comes. Again, to begin anew. */
  #tap(line: Line): void {
    if (this.#line !== line) return;
    const { socket } = line.client;
    const { untap } = line;
    socket.cork();
    line.isTapping = true;
    line.untap = this.#options.source.tap(this);
    line.isTapping = false;
    socket.uncork();
    untap(); // afterwards, so that what is made for taps alone goes on
  }

  #tick(line: Line): void {
    const { client, feed } = line;
    const takenBytes = line.givenBytes - client.queuedBytes;
    const newBytes = Math.max(0, takenBytes - line.countedBytes);
    line.countedBytes += newBytes;
    const now = Date.now();
    if (now - line.sinceMs >= AUDIO_WAIT_MS) feed.stopAwaitingAudio();
    const holds = now - line.sinceMs >= STEADY_MS;
    if (holds) this.#retry.reset();
    if (holds) this.#refusedRetry.reset();
    this.#status = {
      ...this.#status,
      sentBytes: this.#status.sentBytes + newBytes,
      bitrateBps: Math.round((newBytes * 8 * 1000) / TICK_MS),
      ...(holds ? { attempts: 0, lastError: undefined } : {}),
    };
    line.slowSinceMs = feed.isCongested ? (line.slowSinceMs ?? now) : undefined;
    if (line.slowSinceMs !== undefined && now - line.slowSinceMs >= this.#options.slowMs)
      this.#failed({ code: 'too_slow', message: 'The server took the stream too slowly and was cut.' });
    else this.#options.report(this.#status);
  }

  #failed({ code, message }: { code: PushErrorCode; message: string }): void {
    if (this.#stopped) return;
    this.#dropLine()?.client.destroy();
    const isRefusal = REFUSALS.has(code);
    const waitMs = (isRefusal ? this.#refusedRetry : this.#retry).nextMs();
    this.#status = { ...this.#status, attempts: this.#status.attempts + 1, lastError: { code, message } };
    this.#options.log.info({ push: this.#options.id, code, waitMs }, `a push failed: ${message}`);
    this.#become(isRefusal ? 'failed' : 'waiting');
    this.#timer = setTimeout(() => void this.#attempt(), waitMs);
  }

  #dropLine(): Line | undefined {
    const line = this.#line;
    this.#line = undefined;
    if (line === undefined) return undefined;
    clearInterval(line.tick);
    line.untap();
    return line;
  }

  #become(state: PushState): void {
    if (this.#stopped || this.#status.state === state) return;
    this.#status = { ...this.#status, state, sinceMs: Date.now(), bitrateBps: 0 };
    this.#options.report(this.#status);
  }
}
