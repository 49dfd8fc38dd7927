import type { MediaFacts, QualityLevel } from './play-session.ts';
import type { TransportId } from './transports.ts';

/** `stopped` by its owner or by an end that no new connection would mend; see `failure`. */
export type PlayerPhase = 'stopped' | 'connecting' | 'playing' | 'reconnecting';
export type PlayerFailure = { kind: 'no-url' } | { kind: 'unsupported' } | { kind: 'codec'; codec: string };

export interface PlayerState {
  phase: PlayerPhase;
  failure: PlayerFailure | null;
  transport: TransportId | null;
  reconnects: number;
  delayS: number;
  /** The viewer went back in time, or paused and goes on from there. */
  isBack: boolean;
  /** How far back one can go, in seconds behind the newest picture; 0 while the way does not tell. */
  pastS: number;
  speedBps: number;
  facts: MediaFacts;
  /** The pictures that the way brings by itself; none where there is one. */
  levels: readonly QualityLevel[];
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
  isBack: false,
  pastS: 0,
  speedBps: 0,
  facts: {},
  levels: [],
  mutedByPolicy: false,
  needsGesture: false,
};
