import { Backoff } from '@kaibo/client';
import { FrozenFrame } from './frozen-frame.ts';
import { Ladder } from './ladder.ts';
import type { MediaFacts, PlaySession, SessionEnd } from './play-session.ts';
import { StallWatch } from './stall-watch.ts';
import type { Rung, TransportId } from './transports.ts';

/** `stopped` by its owner or by an end that no new connection would mend; see `failure`. */
export type PlayerPhase = 'stopped' | 'connecting' | 'playing' | 'reconnecting';
export type PlayerFailure = { kind: 'no-url' } | { kind: 'unsupported' } | { kind: 'codec'; codec: string };

export interface PlayerState {
  phase: PlayerPhase;
  failure: PlayerFailure | null;
  transport: TransportId | null;
  reconnects: number;
  delayS: number;
  speedBps: number;
  facts: MediaFacts;
  /** The browser let it play only without sound. */
  mutedByPolicy: boolean;
  /** The browser does not let it play at all before a click. */
  needsGesture: boolean;
}

export const INITIAL_STATE: PlayerState = {
  phase: 'stopped',
  failure: null,
  transport: null,
  reconnects: 0,
  delayS: 0,
  speedBps: 0,
  facts: {},
  mutedByPolicy: false,
  needsGesture: false,
};

export interface LivePlayerOptions {
  video: HTMLVideoElement;
  /** Over the video, for the last picture while it reconnects. */
  canvas: HTMLCanvasElement;
  onState(change: Partial<PlayerState>): void;
}

const TICK_MS = 400;
/** What the element says when a first picture may be there. */
const MOVED = ['timeupdate', 'playing'] as const;
const BACKOFF = { minMs: 400, maxMs: 10_000 };
/** Playing this long means that the connection is a good one. */
const GOOD_TIME_MS = 10_000;
/** A paused viewer's connection is given back after this long. */
const PAUSED_KEEP_MS = 15_000;

/**
 * Plays one live stream for as long as it is told to: climbs the ladder of transports, stays near the live edge, and
 * comes back by itself after closed sockets, errors and stalls.
 */
export class LivePlayer {
  readonly #video: HTMLVideoElement;
  readonly #frozen: FrozenFrame;
  readonly #onState: LivePlayerOptions['onState'];
  readonly #backoff = new Backoff(BACKOFF);
  #ladder = new Ladder([]);
  #session: PlaySession | null = null;
  #watch = new StallWatch(0);
  #expectData = true;
  #running = false;
  #hasPlayed = false;
  #stalls = 0;
  #reconnects = 0;
  #firstPictureAtMs: number | null = null;
  #pausedAtMs: number | null = null;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LivePlayerOptions) {
    this.#video = options.video;
    this.#frozen = new FrozenFrame(options.canvas);
    this.#onState = options.onState;
    // Sooner than the next tick, so that the first picture is noticed when it is there.
    for (const event of MOVED) this.#video.addEventListener(event, this.#onMoved);
  }

  /** Idempotent while running. */
  start(rungs: readonly Rung[]): void {
    if (this.#running) return;
    if (rungs.length === 0) return this.#onState({ failure: { kind: 'no-url' } });
    this.#running = true;
    this.#ladder = new Ladder(rungs);
    this.#backoff.reset();
    this.#pausedAtMs = null;
    this.#hasPlayed = false;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#connect('connecting');
  }

  /** Idempotent. The last picture stays when asked for. */
  stop(options: { keepPicture?: boolean } = {}): void {
    this.#running = false;
    clearInterval(this.#ticker);
    clearTimeout(this.#retry);
    if (options.keepPicture) this.#frozen.capture(this.#video);
    else this.#frozen.clear();
    this.#closeSession();
    this.#onState({ phase: 'stopped' });
  }

  /** While the publisher is away nothing comes, and that is no reason to reconnect. */
  expectData(expected: boolean): void {
    this.#expectData = expected;
  }

  pause(): void {
    this.#pausedAtMs = Date.now();
    this.#video.pause();
  }

  /** Goes on at the live edge, not where it was paused. */
  play(): void {
    this.#pausedAtMs = null;
    this.#onState({ needsGesture: false });
    if (!this.#running) return;
    if (this.#session) {
      this.jumpToLive();
      void this.#playVideo();
    } else {
      clearTimeout(this.#retry);
      this.#connect('connecting');
    }
  }

  /** Another choice of ways. The picture stays until the new one is there. */
  change(rungs: readonly Rung[]): void {
    if (!this.#running) return;
    this.stop({ keepPicture: true });
    this.start(rungs);
  }

  jumpToLive(): void {
    this.#session?.jumpToLive();
  }

  /** Final and idempotent. */
  close(): void {
    this.stop();
    for (const event of MOVED) this.#video.removeEventListener(event, this.#onMoved);
  }

  readonly #onMoved = (): void => {
    if (!this.#watch.moved) this.#tick();
  };

  #connect(phase: 'connecting' | 'reconnecting'): void {
    const rung = this.#ladder.current;
    if (!rung || !this.#running) return;
    this.#closeSession();
    this.#watch = new StallWatch(Date.now(), rung.transport.patience);
    this.#onState({ phase, failure: null, transport: rung.transport.id, speedBps: 0, delayS: 0 });
    const session = rung.transport.session({
      video: this.#video,
      url: rung.url,
      events: {
        onEnd: (end) => this.#ended(end),
        onFacts: (facts) => this.#onState({ facts }),
        onSpeed: (speedBps) => this.#onState({ speedBps }),
      },
    });
    this.#session = session;
    session.open().then(
      () => this.#session === session && void this.#playVideo(),
      // The session's own code did not load: the network is away.
      () => this.#session === session && this.#reconnect(),
    );
  }

  #ended(end: SessionEnd): void {
    if (end.kind === 'closed' || end.kind === 'error') return this.#reconnect();
    // What cannot be decoded this way may be another way.
    if (this.#ladder.undecodable()) return this.#connectLower();
    this.stop();
    this.#onState({ failure: end });
  }

  /** On another rung at once, as part of the same connecting as far as a person sees. */
  #connectLower(): void {
    this.#stalls = 0;
    this.#connect(this.#hasPlayed ? 'reconnecting' : 'connecting');
  }

  #reconnect(): void {
    this.#frozen.capture(this.#video);
    this.#forgiveAfterGoodTime();
    const isLower = this.#expectData && !this.#watch.moved && this.#ladder.failed();
    this.#closeSession();
    // Nobody watches: the next play connects again.
    if (this.#pausedAtMs !== null) return;
    if (isLower) return this.#connectLower();
    this.#onState({ phase: 'reconnecting' });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#onState({ reconnects: (this.#reconnects += 1) });
      this.#connect('reconnecting');
    }, this.#backoff.nextMs());
  }

  #tick(): void {
    const session = this.#session;
    if (!session) return;
    const { paused } = this.#video;
    // Headphones, media keys and picture-in-picture pause without asking us.
    if (paused && this.#watch.moved) this.#pausedAtMs ??= Date.now();
    if (!paused) this.#pausedAtMs = null;
    if (this.#pausedAtMs !== null) return this.#tickPaused(this.#pausedAtMs);
    const hadMoved = this.#watch.moved;
    const shouldMove = this.#expectData;
    const stuckMs = this.#watch.sample({ nowMs: Date.now(), progress: session.progress(), shouldMove });
    if (!hadMoved && this.#watch.moved) this.#firstPicture();
    this.#onState({ delayS: session.delayS() });
    if (!session.keepUp(stuckMs) && this.#watch.isStalled(stuckMs, this.#stalls)) this.#stalled(stuckMs);
  }

  #stalled(stuckMs: number): void {
    this.#forgiveAfterGoodTime(stuckMs);
    this.#stalls += 1;
    this.#reconnect();
  }

  /** A connection that played well for a while starts the count of troubles anew. */
  #forgiveAfterGoodTime(stuckMs = 0): void {
    const since = this.#firstPictureAtMs;
    this.#firstPictureAtMs = null;
    if (since === null || Date.now() - stuckMs - since < GOOD_TIME_MS) return;
    this.#stalls = 0;
    this.#backoff.reset();
  }

  #tickPaused(pausedAtMs: number): void {
    if (Date.now() - pausedAtMs < PAUSED_KEEP_MS) return;
    this.#frozen.capture(this.#video);
    this.#closeSession();
  }

  #firstPicture(): void {
    this.#frozen.clear();
    this.#hasPlayed = true;
    this.#ladder.succeeded();
    this.#firstPictureAtMs = Date.now();
    this.#onState({ phase: 'playing' });
  }

  /** Sound first; where the browser forbids that, without sound; where it forbids even that, after a click. */
  async #playVideo(): Promise<void> {
    if (await this.#tryPlay()) return;
    if (!this.#video.muted) {
      this.#video.muted = true;
      this.#onState({ mutedByPolicy: true });
      if (await this.#tryPlay()) return;
    }
    this.#pausedAtMs = Date.now();
    this.#onState({ needsGesture: true });
  }

  /** False only when the browser's autoplay policy said no; a play cut short by a new connection is no answer. */
  async #tryPlay(): Promise<boolean> {
    try {
      await this.#video.play();
      return true;
    } catch (error) {
      return !(error instanceof DOMException && error.name === 'NotAllowedError');
    }
  }

  #closeSession(): void {
    this.#session?.destroy();
    this.#session = null;
  }
}
