import { Backoff } from '../backoff.ts';
import { KaiboError, localError } from '../errors.ts';
import { NO_STATS } from './publish-session.ts';
import type {
  LivePublisherOptions,
  PublishSession,
  PublishSessionOptions,
  PublishState,
  PublishStats,
  PublishTracks,
  PublishTransport,
  TrackKind,
} from './publish-session.ts';
import { PublishLadder, verdictOf } from './transport-ladder.ts';
import type { PublishRung } from './transport-ladder.ts';
import { WhipSession } from './whip-session.ts';

const TRANSPORTS: readonly PublishTransport[] = ['whip', 'ws-flv'];
const BACKOFF = { minMs: 500, maxMs: 8000 };
/** Whoever starts wants to know soon that it will not work; whoever was live wants to come back, however long it takes. */
const MAX_ATTEMPTS_BEFORE_LIVE = 5;
/** So many requests without an answer, and the next transport is tried: its server may be another. */
const UNANSWERED_BEFORE_NEXT = 2;
/** A connection that lasted this long was a good one: the next is tried at once. */
const GOOD_TIME_MS = 10_000;

/**
 * Publishes a MediaStream from a browser for as long as it is told to: WHIP first, WS-FLV where that does not connect,
 * and back again by itself after every interruption.
 */
export class LivePublisher {
  readonly #options: LivePublisherOptions;
  readonly #backoff = new Backoff(BACKOFF);
  #tracks: PublishTracks;
  #maxBitrateBps: number | undefined;
  #state: PublishState = { phase: 'idle', transport: null, error: null, attempts: 0 };
  #session: PublishSession | undefined;
  #run: { stopping: AbortController; live: Promise<void>; over: Promise<void> } | undefined;
  #isRestarting = false;
  #wake: () => void = () => {};

  constructor(options: LivePublisherOptions) {
    this.#options = options;
    this.#maxBitrateBps = options.maxBitrateBps;
    const { stream } = options;
    this.#tracks = { audio: stream.getAudioTracks()[0] ?? null, video: stream.getVideoTracks()[0] ?? null };
  }

  get state(): PublishState {
    return this.#state;
  }

  /**
   * Resolves when it is live for the first time, and rejects with a KaiboError when that is given up or stopped before
   * (`closed`). While it runs, the same promise. After that only `onState` tells: a `failed` one may be started again.
   */
  start(): Promise<void> {
    if (this.#run !== undefined) return this.#run.live;
    const stopping = new AbortController();
    let over: Promise<void> = Promise.resolve();
    const live = new Promise<void>((resolve, reject) => {
      over = this.#loop(stopping.signal, resolve).then((error) => {
        if (this.#run?.stopping === stopping) this.#run = undefined;
        reject(error);
      });
    });
    this.#run = { stopping, live, over };
    return live;
  }

  /** Another camera or microphone, or none (null), while it goes on. The track that was sent is the caller's to stop. */
  async replaceTrack(track: MediaStreamTrack | null, kind: TrackKind): Promise<void> {
    this.#tracks = { ...this.#tracks, [kind]: track };
    const session = this.#session;
    if (session === undefined || (await session.replaceTrack(track, kind)) || this.#session !== session) return;
    this.#isRestarting = true;
    await session.close();
  }

  async setMaxBitrate(bitrateBps: number): Promise<void> {
    this.#maxBitrateBps = bitrateBps;
    await this.#session?.setMaxBitrate(bitrateBps);
  }

  /** All zero while it is not live. */
  async stats(): Promise<PublishStats> {
    return this.#state.phase === 'live' ? ((await this.#session?.stats()) ?? NO_STATS) : NO_STATS;
  }

  /** Idempotent. Resolves when the server was told. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    // Nobody waits for `start()` any more when `stop()` is what ended it.
    run.live.catch(() => {});
    run.stopping.abort();
    this.#wake();
    await this.#session?.close();
    await run.over;
  }

  /** Connects again and again. Returns why it ended. */
  async #loop(signal: AbortSignal, onLive: () => void): Promise<KaiboError> {
    const ladder = new PublishLadder(this.#rungs());
    this.#backoff.reset();
    this.#state = { ...this.#state, error: null, attempts: 0 };
    globalThis.addEventListener?.('online', this.#onOnline);
    try {
      const error = await this.#attempts(ladder, { signal, onLive });
      if (!signal.aborted) this.#update({ phase: 'failed', error });
      else this.#update({ phase: 'stopped', error: null });
      return error;
    } finally {
      globalThis.removeEventListener?.('online', this.#onOnline);
    }
  }

  async #attempts(
    ladder: PublishLadder,
    { signal, onLive }: { signal: AbortSignal; onLive: () => void },
  ): Promise<KaiboError> {
    let wasLive = false;
    let unanswered = 0;
    for (;;) {
      const rung = ladder.current;
      if (rung === undefined) return localError('unsupported', 'this browser and this server have no way in common');
      this.#update({
        phase: wasLive ? 'reconnecting' : 'connecting',
        transport: rung.transport,
        attempts: this.#state.attempts + 1,
      });
      const { error, liveMs } = await this.#connect(rung, signal, () => {
        wasLive = true;
        ladder.succeeded();
        onLive();
      });
      if (signal.aborted) return localError('closed', 'stopped');
      if (this.#isRestarting) {
        this.#isRestarting = false;
        continue;
      }
      if (liveMs > GOOD_TIME_MS) this.#backoff.reset();
      this.#update({ error, phase: wasLive ? 'reconnecting' : 'connecting' });
      if (error !== null) {
        unanswered = error.status === 0 && verdictOf(error) === 'wait' ? unanswered + 1 : 0;
        const isTransportSuspect = !wasLive && unanswered >= UNANSWERED_BEFORE_NEXT;
        const verdict = isTransportSuspect ? 'failure' : verdictOf(error);
        if (verdict === 'give-up') return error;
        // A connection that was live and broke has not failed to connect.
        if ((verdict === 'next' || verdict === 'failure') && liveMs === 0) {
          if (ladder.failed(verdict)) continue;
          if (verdict === 'next') return error;
        }
        if (!wasLive && this.#state.attempts >= MAX_ATTEMPTS_BEFORE_LIVE) return error;
      }
      await this.#wait(Math.max(this.#backoff.nextMs(), error?.retryAfterMs ?? 0), signal);
      if (signal.aborted) return localError('closed', 'stopped');
    }
  }

  /** One connection from its beginning to its end; `liveMs` is 0 when it never was live. */
  async #connect(
    rung: PublishRung,
    signal: AbortSignal,
    onLive: () => void,
  ): Promise<{ error: KaiboError | null; liveMs: number }> {
    let session: PublishSession | undefined;
    let liveAtMs: number | undefined;
    try {
      session = await this.#open(rung);
      if (signal.aborted) return { error: null, liveMs: 0 };
      this.#session = session;
      await session.connect();
      liveAtMs = performance.now();
      onLive();
      this.#update({ phase: 'live', error: null, attempts: 0 });
      const error = await session.ended;
      return { error, liveMs: performance.now() - liveAtMs };
    } catch (cause) {
      const error = cause instanceof KaiboError ? cause : localError('network', 'network error', cause);
      return { error, liveMs: liveAtMs === undefined ? 0 : performance.now() - liveAtMs };
    } finally {
      this.#session = undefined;
      await session?.close();
    }
  }

  async #open({ transport, url }: PublishRung): Promise<PublishSession> {
    const { maxFramerate, fetch, WebSocket, RTCPeerConnection } = this.#options;
    const options = (): PublishSessionOptions => ({
      url,
      tracks: this.#tracks,
      maxBitrateBps: this.#maxBitrateBps,
      maxFramerate,
      fetch,
      WebSocket,
      RTCPeerConnection,
    });
    if (transport === 'whip') return new WhipSession(options());
    // Most never need it.
    const { FlvSession } = await import('./flv/flv-session.ts');
    return new FlvSession(options());
  }

  #rungs(): PublishRung[] {
    const { urls, transports = TRANSPORTS, RTCPeerConnection = globalThis.RTCPeerConnection } = this.#options;
    return transports.flatMap((transport): PublishRung[] => {
      if (transport === 'whip') return urls.whip && RTCPeerConnection ? [{ transport, url: urls.whip }] : [];
      return urls.wsFlv ? [{ transport, url: urls.wsFlv }] : [];
    });
  }

  readonly #onOnline = (): void => {
    this.#backoff.reset();
    this.#wake();
    this.#session?.networkChanged();
  };

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #update(change: Partial<PublishState>): void {
    this.#state = { ...this.#state, ...change };
    try {
      this.#options.onState?.(this.#state);
    } catch (error) {
      // A listener's mistake is its owner's to see, and nothing to stop publishing for.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
