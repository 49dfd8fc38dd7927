import { nowPosition, oldestPosition } from './hls-clock.ts';
import type { PlaylistClock } from './hls-clock.ts';
import { JUMP_DELAY_S } from './live-edge.ts';
import type { PlaySession, SessionEnd, SessionOptions } from './play-session.ts';

const HLS_TYPE = 'application/vnd.apple.mpegurl';
/** Which every buffer of a page that is of use to us takes. */
const USUAL_MEDIA = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"';
/** The browser tells no target duration; it keeps about three of them to the edge. */
const USUAL_TARGET_S = 2;
const HOLD_BACK_S = 3 * USUAL_TARGET_S;

/** WebKit tells the wall clock of time 0 in the media, by PROGRAM-DATE-TIME. */
type DatedVideo = HTMLVideoElement & { getStartDate?: () => Date };

/** Whether a page can fill a video itself: everywhere but on older iPhones. Newer ones manage it their own way. */
export function hasMediaSource(): boolean {
  const page: { ManagedMediaSource?: typeof MediaSource; MediaSource?: typeof MediaSource } = globalThis;
  const source = page.ManagedMediaSource ?? page.MediaSource;
  return source?.isTypeSupported(USUAL_MEDIA) ?? false;
}

/** HLS by the browser itself: iPhones that leave the page no buffer to fill. It chooses the quality. */
export class NativeHlsSession implements PlaySession {
  readonly #options: SessionOptions;
  readonly #listeners = new AbortController();
  #startBehindS: number | undefined;
  #isBack: boolean;
  #hasStarted = false;
  #destroyed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#startBehindS = options.behindS;
    this.#isBack = options.behindS !== undefined;
  }

  async open(): Promise<void> {
    const { video, url } = this.#options;
    if (video.canPlayType(HLS_TYPE) === '') return this.#end({ kind: 'unsupported' });
    const { signal } = this.#listeners;
    video.addEventListener('error', () => this.#end(this.#endOf(video.error)), { signal });
    video.addEventListener('ended', () => this.#end({ kind: 'closed' }), { signal });
    video.addEventListener('canplay', () => this.#beginBehind(), { signal });
    video.src = url;
  }

  progress(): number {
    const { video } = this.#options;
    this.#hasStarted ||= video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    return this.#hasStarted ? video.currentTime : 0;
  }

  delayS(): number {
    const clock = this.#clock();
    return clock && this.#hasStarted ? Math.max(0, nowPosition(clock, Date.now()) - this.progress()) : 0;
  }

  keepUp(): boolean {
    const clock = this.#clock();
    const { currentTime, paused, seeking } = this.#options.video;
    if (this.#isBack || clock === null || !this.#hasStarted || paused || seeking) return false;
    if (clock.edgeS - currentTime <= HOLD_BACK_S + JUMP_DELAY_S) return false;
    this.jumpToLive();
    return true;
  }

  jumpToLive(): void {
    this.#isBack = false;
    const clock = this.#clock();
    if (clock) this.#options.video.currentTime = Math.max(clock.oldestS, clock.edgeS - HOLD_BACK_S);
  }

  pastS(): number {
    const clock = this.#clock();
    return clock ? Math.max(0, nowPosition(clock, Date.now()) - oldestPosition(clock)) : 0;
  }

  seekBehind(behindS: number): void {
    this.#isBack = true;
    const clock = this.#clock();
    if (clock === null) {
      this.#startBehindS = behindS;
      return;
    }
    const position = nowPosition(clock, Date.now()) - behindS;
    this.#options.video.currentTime = Math.min(clock.edgeS, Math.max(oldestPosition(clock), position));
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#listeners.abort();
    this.#options.video.removeAttribute('src');
    this.#options.video.load();
  }

  #beginBehind(): void {
    if (this.#startBehindS === undefined) return;
    const behindS = this.#startBehindS;
    this.#startBehindS = undefined;
    this.seekBehind(behindS);
  }

  /** What can be sought is what the playlist has. */
  #clock(): PlaylistClock | null {
    const video: DatedVideo = this.#options.video;
    const { seekable } = video;
    if (seekable.length === 0) return null;
    const edgeS = seekable.end(seekable.length - 1);
    const startMs = video.getStartDate?.().getTime() ?? Number.NaN;
    const dated = Number.isNaN(startMs) ? {} : { edgeAtMs: startMs + edgeS * 1000 };
    return { oldestS: seekable.start(0), edgeS, ageS: 0, targetDurationS: USUAL_TARGET_S, ...dated };
  }

  /** What came and cannot be shown at all; a source "not supported" may as well be one that did not load. */
  #endOf(error: MediaError | null): SessionEnd {
    const isUnplayable = error?.code === MediaError.MEDIA_ERR_DECODE && !this.#hasStarted;
    return { kind: isUnplayable ? 'unsupported' : 'error' };
  }

  #end(end: SessionEnd): void {
    if (this.#destroyed) return;
    queueMicrotask(() => this.#destroyed || this.#options.events.onEnd(end));
  }
}
