import type Mpegts from 'mpegts.js';
import { codecName } from '../../codec-name.ts';
import { CATCH_UP_RATE, delayOf, jumpTarget, MAX_DELAY_S, TARGET_DELAY_S } from './live-edge.ts';
import type { MediaFacts, PlaySession, SessionEnd, SessionOptions } from './play-session.ts';

/** DOMException NotSupportedError, as `addSourceBuffer` throws it for a codec the browser lacks. */
const NOT_SUPPORTED_ERROR = 9;

/** FLV over WebSocket or HTTP by mpegts.js and Media Source Extensions. */
export class MpegtsSession implements PlaySession {
  readonly #options: SessionOptions;
  #player: Mpegts.Player | null = null;
  #destroyed = false;
  #hasStarted = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Loads the library on first use. */
  async open(): Promise<void> {
    const { video, url, events } = this.#options;
    const { default: mpegts } = await import('mpegts.js');
    if (this.#destroyed) return;
    if (!mpegts.getFeatureList().mseLivePlayback) return this.#end({ kind: 'unsupported' });
    mpegts.LoggingControl.enableAll = false;
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, cors: true, url }, configOf());
    this.#player = player;
    player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: unknown) => this.#end(endOf(detail, info)));
    player.on(mpegts.Events.LOADING_COMPLETE, () => this.#end({ kind: 'closed' }));
    player.on(mpegts.Events.MEDIA_INFO, (facts: MediaFacts) => this.#destroyed || events.onFacts(facts));
    player.on(mpegts.Events.STATISTICS_INFO, (info: { speed?: number }) => {
      if (!this.#destroyed) events.onSpeed((info.speed ?? 0) * 1024 * 8);
    });
    player.attachMediaElement(video);
    player.load();
  }

  progress(): number {
    return this.#options.video.currentTime;
  }

  delayS(): number {
    const { buffered, currentTime } = this.#options.video;
    return delayOf(buffered, currentTime);
  }

  keepUp(stuckMs: number): boolean {
    const time = this.progress();
    if (time === 0) return false;
    const delay = this.delayS();
    // The server's burst may begin further back than catching up by speed is good for.
    const target =
      !this.#hasStarted && delay > MAX_DELAY_S ? edgeAt(time, delay) : jumpTarget({ time, delay, stuckMs });
    this.#hasStarted = true;
    if (target !== null) this.#options.video.currentTime = target;
    return target !== null;
  }

  jumpToLive(): void {
    const delay = this.delayS();
    if (delay > TARGET_DELAY_S) this.#options.video.currentTime = edgeAt(this.progress(), delay);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#player?.destroy();
    this.#player = null;
  }

  #end(end: SessionEnd): void {
    if (this.#destroyed) return;
    // mpegts.js is still inside its own event here; the owner destroys it afterwards.
    queueMicrotask(() => this.#destroyed || this.#options.events.onEnd(end));
  }
}

function edgeAt(time: number, delay: number): number {
  return time + delay - TARGET_DELAY_S;
}

function configOf(): Mpegts.Config {
  return {
    enableWorker: true,
    enableStashBuffer: false,
    lazyLoad: false,
    deferLoadAfterSourceOpen: false,
    liveSync: true,
    liveSyncMaxLatency: MAX_DELAY_S,
    liveSyncTargetLatency: TARGET_DELAY_S,
    liveSyncPlaybackRate: CATCH_UP_RATE,
    autoCleanupSourceBuffer: true,
    autoCleanupMaxBackwardDuration: 60,
    autoCleanupMinBackwardDuration: 30,
    statisticsInfoReportInterval: 1000,
  };
}

function endOf(detail: string, info: unknown): SessionEnd {
  const { code, msg = '' } = (info ?? {}) as { code?: number; msg?: string };
  if (detail !== 'CodecUnsupported' && code !== NOT_SUPPORTED_ERROR) return { kind: 'error' };
  return { kind: 'codec', codec: codecName(msg) };
}
