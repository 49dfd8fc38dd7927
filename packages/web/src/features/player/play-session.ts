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

export interface SessionEvents {
  /** At most once, and never after `destroy`. */
  onEnd(end: SessionEnd): void;
  onFacts(facts: MediaFacts): void;
  /** About once a second. */
  onSpeed(bps: number): void;
}

export interface SessionOptions {
  video: HTMLVideoElement;
  url: string;
  events: SessionEvents;
}

/**
 * One connection to one address, playing in one video element. `MpegtsSession` brings FLV into a buffer of the page,
 * `WhepSession` leaves everything to WebRTC.
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
  /** Final and idempotent. The element is left without a source. */
  destroy(): void;
}
