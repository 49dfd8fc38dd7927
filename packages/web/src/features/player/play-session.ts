/** What ends a session. `codec` carries the codec's name as far as browser or server told it. */
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

/** One of the pictures that a way brings by itself, for the viewer or the network to choose from. */
export interface QualityLevel {
  /** `source` is the picture as it was published, others are called as `720p`. */
  id: string;
  /** In pixels; 0 where it is not told. */
  height: number;
  bitrateBps: number;
}

export interface SessionEvents {
  /** Its own code is there: from now on pictures can be waited for. */
  onLoaded(): void;
  /** At most once, and never after `destroy`. */
  onEnd(end: SessionEnd): void;
  onFacts(facts: MediaFacts): void;
  /** About once a second. */
  onSpeed(bps: number): void;
  /** Of ways that bring more than one picture, when they are known. */
  onLevels(levels: readonly QualityLevel[]): void;
}

export interface SessionOptions {
  video: HTMLVideoElement;
  url: string;
  events: SessionEvents;
  /** For ways that bring more than one picture: `auto`, or the `id` of a level. */
  quality: string;
  /** For ways with a past: begin so many seconds behind the newest picture. Left out, at the live edge. */
  behindS?: number;
}

/**
 * One connection to one address, playing in one video element. `MpegtsSession` brings FLV into a buffer of the page,
 * `WhepSession` leaves everything to WebRTC, `HlsSession` and `NativeHlsSession` play HLS.
 */
export interface PlaySession {
  /** Connects, once. Resolves when the element has its source; rejects when the code for it did not load. */
  open(): Promise<void>;
  /** Rises with every picture that is played, in a unit of its own; 0 before the first. */
  progress(): number;
  /** How far behind the picture is, in seconds. */
  delayS(): number;
  /** Asked on every tick, with the time since the picture last moved. True when it jumped to come nearer. */
  keepUp(stuckMs: number): boolean;
  /** To the newest picture that there is. */
  jumpToLive(): void;
  /** Ways with a past only: how far back one can go, in seconds behind the newest picture; 0 while that is not known. */
  pastS?(): number;
  /** Ways with a past only: to what was so many seconds ago, or the nearest that there is; it stays so far behind. */
  seekBehind?(behindS: number): void;
  /** Ways with more than one picture only: as `SessionOptions.quality`, from soon on. */
  setQuality?(quality: string): void;
  /** Final and idempotent. The element is left without a source. */
  destroy(): void;
}
