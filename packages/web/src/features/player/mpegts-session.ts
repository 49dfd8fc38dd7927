import type Mpegts from 'mpegts.js';
import { codecName } from '../../codec-name.ts';
import { CATCH_UP_RATE, MAX_DELAY_S, TARGET_DELAY_S } from './live-edge.ts';

/** What ends a session. `codec` carries the codec's name as the browser said it. */
export type SessionEnd =
  | { kind: 'closed' }
  | { kind: 'error' }
  | { kind: 'codec'; codec: string }
  | { kind: 'unsupported' };

export interface MediaFacts {
  videoCodec?: string;
  audioCodec?: string;
  fps?: number;
}

export interface SessionEvents {
  onEnd(end: SessionEnd): void;
  onFacts(facts: MediaFacts): void;
  /** About once a second. */
  onSpeed(bps: number): void;
}

/** DOMException NotSupportedError, as `addSourceBuffer` throws it for a codec the browser lacks. */
const NOT_SUPPORTED_ERROR = 9;

/** One connection of mpegts.js to one address, playing in one video element. `destroy` is idempotent. */
export class MpegtsSession {
  readonly #events: SessionEvents;
  #player: Mpegts.Player | null = null;
  #destroyed = false;

  constructor(events: SessionEvents) {
    this.#events = events;
  }

  /** Loads the library on first use, then connects. Resolves when the video element is attached. */
  async open(video: HTMLVideoElement, url: string): Promise<void> {
    const { default: mpegts } = await import('mpegts.js');
    if (this.#destroyed) return;
    if (!mpegts.getFeatureList().mseLivePlayback) return this.#end({ kind: 'unsupported' });
    mpegts.LoggingControl.enableAll = false;
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, cors: true, url }, configOf());
    this.#player = player;
    player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: unknown) => this.#end(endOf(detail, info)));
    player.on(mpegts.Events.LOADING_COMPLETE, () => this.#end({ kind: 'closed' }));
    player.on(mpegts.Events.MEDIA_INFO, (facts: MediaFacts) => this.#destroyed || this.#events.onFacts(facts));
    player.on(mpegts.Events.STATISTICS_INFO, (info: { speed?: number }) => {
      if (!this.#destroyed) this.#events.onSpeed((info.speed ?? 0) * 1024 * 8);
    });
    player.attachMediaElement(video);
    player.load();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#player?.destroy();
    this.#player = null;
  }

  #end(end: SessionEnd): void {
    if (this.#destroyed) return;
    // mpegts.js is still inside its own event here; the owner destroys it afterwards.
    queueMicrotask(() => this.#destroyed || this.#events.onEnd(end));
  }
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
