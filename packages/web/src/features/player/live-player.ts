import { Backoff } from '@kaibo/client';
import { startPlaying } from './autoplay.ts';
import { FrozenFrame } from './frozen-frame.ts';
import { Place } from './place.ts';
import type { PlaySession, SessionEnd } from './play-session.ts';
import type { PlayerState } from './player-state.ts';
import { StallWatch } from './stall-watch.ts';
import type { Rung } from './transports.ts';
import { Ways } from './ways.ts';

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
/** The code of a way may take this long to load: a slow network is no reason to give up the way itself. */
const LOAD_MS = 15_000;
/** A paused viewer's connection is given back after this long. */
const PAUSED_KEEP_MS = 15_000;
/** Nearer than this to the newest picture nobody goes back: what leads there is about as far behind. */
export const MIN_BACK_S = 4;

/**
 * Plays one live stream for as long as it is told to: climbs the ladder of transports, stays near the live edge, and
 * comes back by itself after closed sockets, errors and stalls. Who goes back in time is brought there by the way that
 * has a past, and from there back to the live one.
 */
export class LivePlayer {
  readonly #video: HTMLVideoElement;
  readonly #frozen: FrozenFrame;
  readonly #onState: LivePlayerOptions['onState'];
  readonly #backoff = new Backoff(BACKOFF);
  readonly #place = new Place();
  #ways = new Ways([]);
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
    this.#ways = new Ways(rungs);
    this.#backoff.reset();
    this.#pausedAtMs = null;
    this.#hasPlayed = false;
    this.#onState({ isBack: false });
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

  /** Goes on where it was paused, when some way leads there and it is worth it; otherwise at the live edge. */
  play(): void {
    const behindS = this.#pausedAtMs === null ? 0 : this.#place.behindS(Date.now());
    this.#pausedAtMs = null;
    this.#onState({ needsGesture: false });
    if (!this.#running) return;
    if (this.#hasPlayed && this.#ways.hasPast && behindS >= MIN_BACK_S) return this.goBack(behindS);
    this.#session?.jumpToLive();
    this.#goOn();
  }

  /** Another choice of ways. The picture stays until the new one is there. */
  change(rungs: readonly Rung[]): void {
    if (!this.#running) return;
    this.stop({ keepPicture: true });
    this.start(rungs);
  }

  /** The same ways in another quality: the one that plays is kept, and its connection too when it can change itself. */
  changeQuality(rungs: readonly Rung[]): void {
    if (!this.#running) return;
    const before = this.#ways.current;
    this.#ways = this.#ways.with(rungs);
    const { current } = this.#ways;
    if (current && current.url === before?.url) this.#session?.setQuality?.(current.quality);
    else this.#switchWay();
  }

  /** Shows what was so many seconds ago, as far as there is a way; nearer than `MIN_BACK_S` it is live again. */
  goBack(behindS: number): void {
    if (!this.#running || !this.#ways.hasPast) return;
    if (behindS < MIN_BACK_S) return this.goLive();
    this.#pausedAtMs = null;
    this.#place.note(behindS, Date.now());
    this.#onState({ isBack: true, delayS: behindS });
    if (this.#ways.goBack()) return this.#switchWay();
    this.#session?.seekBehind?.(behindS);
    this.#goOn();
  }

  /** To the newest picture, by the way that is nearest to it. */
  goLive(): void {
    if (!this.#running) return;
    this.#pausedAtMs = null;
    this.#onState({ isBack: false });
    if (this.#ways.goLive()) return this.#switchWay();
    this.#session?.jumpToLive();
    this.#goOn();
  }

  /** As after a sleep; who went back in time stays there. */
  catchUp(): void {
    if (!this.#ways.isBack) this.#session?.jumpToLive();
  }

  /** Final and idempotent. */
  close(): void {
    this.stop();
    for (const event of MOVED) this.#video.removeEventListener(event, this.#onMoved);
  }

  readonly #onMoved = (): void => {
    if (!this.#watch.moved) this.#tick();
  };

  /** Plays what is connected, or connects. */
  #goOn(): void {
    if (this.#session) return void this.#playVideo();
    clearTimeout(this.#retry);
    this.#connect('connecting');
  }

  #switchWay(): void {
    clearTimeout(this.#retry);
    this.#frozen.capture(this.#video);
    this.#connectLower('connecting');
  }

  #connect(phase: 'connecting' | 'reconnecting'): void {
    const rung = this.#ways.current;
    if (!rung || !this.#running) return;
    this.#closeSession();
    const { patience } = rung.transport;
    this.#watch = new StallWatch(Date.now(), { ...patience, firstPictureMs: LOAD_MS });
    const { isBack } = this.#ways;
    const behindS = isBack ? this.#place.behindS(Date.now()) : undefined;
    this.#onState({ phase, failure: null, transport: rung.transport.id, isBack, speedBps: 0, delayS: behindS ?? 0 });
    const session = rung.transport.session({
      video: this.#video,
      url: rung.url,
      quality: rung.quality,
      behindS,
      events: {
        onLoaded: () => (this.#watch = new StallWatch(Date.now(), patience)),
        onEnd: (end) => this.#ended(end),
        onFacts: (facts) => this.#onState({ facts }),
        onSpeed: (speedBps) => this.#onState({ speedBps }),
        onLevels: (levels) => this.#onState({ levels }),
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
    if (this.#ways.undecodable()) return this.#connectLower();
    this.stop();
    this.#onState({ failure: end });
  }

  /** On another rung at once, as part of the same connecting as far as a person sees. */
  #connectLower(phase: 'connecting' | 'reconnecting' = this.#hasPlayed ? 'reconnecting' : 'connecting'): void {
    this.#stalls = 0;
    this.#connect(phase);
  }

  #reconnect(): void {
    this.#frozen.capture(this.#video);
    this.#forgiveAfterGoodTime();
    const isLower = this.#expectData && !this.#watch.moved && this.#ways.failed();
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
    const { paused } = this.#video;
    // Headphones, media keys and picture-in-picture pause without asking us.
    if (paused && this.#session && this.#watch.moved) this.#pausedAtMs ??= Date.now();
    if (!paused) this.#pausedAtMs = null;
    if (this.#pausedAtMs !== null) return this.#tickPaused(this.#pausedAtMs);
    const session = this.#session;
    if (!session) return;
    const hadMoved = this.#watch.moved;
    const shouldMove = this.#expectData;
    const stuckMs = this.#watch.sample({ nowMs: Date.now(), progress: session.progress(), shouldMove });
    if (!hadMoved && this.#watch.moved) this.#firstPicture();
    if (this.#watch.moved) this.#tellPlace(session);
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

  #tellPlace(session: PlaySession): void {
    const delayS = session.delayS();
    this.#place.note(delayS, Date.now());
    this.#onState({ delayS, pastS: session.pastS?.() ?? 0 });
  }

  #tickPaused(pausedAtMs: number): void {
    if (this.#hasPlayed && this.#ways.hasPast) this.#onState({ delayS: this.#place.behindS(Date.now()) });
    if (this.#session === null || Date.now() - pausedAtMs < PAUSED_KEEP_MS) return;
    this.#frozen.capture(this.#video);
    this.#closeSession();
  }

  #firstPicture(): void {
    this.#frozen.clear();
    this.#hasPlayed = true;
    this.#ways.succeeded();
    this.#firstPictureAtMs = Date.now();
    this.#onState({ phase: 'playing' });
  }

  async #playVideo(): Promise<void> {
    const start = await startPlaying(this.#video);
    if (start === 'muted') this.#onState({ mutedByPolicy: true });
    if (start !== 'refused') return;
    this.#pausedAtMs = Date.now();
    this.#onState({ needsGesture: true });
  }

  #closeSession(): void {
    this.#session?.destroy();
    this.#session = null;
  }
}
