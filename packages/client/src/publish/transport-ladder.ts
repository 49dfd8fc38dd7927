import type { KaiboError } from '../errors.ts';
import type { PublishTransport } from './publish-session.ts';

export interface PublishRung {
  transport: PublishTransport;
  url: string;
}

/** A transport that was live before is given up after so many failures in a row, another after its first. */
const FAILURES_OF_A_GOOD_ONE = 2;
/** The server answers, but this way into it is not there or not for this media. */
const UNUSABLE_STATUSES: ReadonlySet<number> = new Set([405, 406, 501]);
/** The server asks to come again: taken places are given back, streams and processes come up. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([404, 408, 409, 425, 429]);

/** What a failed attempt means. */
export type Verdict = 'give-up' | 'next' | 'failure' | 'wait';

/**
 * `give-up`: no attempt will do better. `next`: this transport will not do. `failure`: it may be this transport. `wait`:
 * it says nothing about the transport.
 */
export function verdictOf({ code, status }: KaiboError): Verdict {
  if (FINAL_CODES.has(code)) return 'give-up';
  if (UNUSABLE_CODES.has(code) || UNUSABLE_STATUSES.has(status)) return 'next';
  if (PASSING_STATUSES.has(status)) return 'wait';
  if (status >= 400 && status < 500) return 'give-up';
  return code === 'network' || code === 'timeout' ? 'wait' : 'failure';
}

/** The server ended this publisher for good: coming back would be sent away again, or send somebody else away. */
const FINAL_CODES: ReadonlySet<string> = new Set(['kicked', 'replaced', 'ended', 'bitrate_limit', 'closed']);
const UNUSABLE_CODES: ReadonlySet<string> = new Set(['unsupported', 'codec_unsupported']);

/** Which transport the next attempt takes. It only goes down, and what was fallen back to stays. */
export class PublishLadder {
  readonly #rungs: readonly PublishRung[];
  #index = 0;
  #failures = 0;
  #wasLive = false;

  constructor(rungs: readonly PublishRung[]) {
    this.#rungs = rungs;
  }

  get current(): PublishRung | undefined {
    return this.#rungs[this.#index];
  }

  succeeded(): void {
    this.#failures = 0;
    this.#wasLive = true;
  }

  /** Returns whether the next attempt takes another transport. */
  failed(verdict: 'next' | 'failure'): boolean {
    this.#failures += 1;
    const allowed = this.#wasLive ? FAILURES_OF_A_GOOD_ONE : 1;
    const isLast = this.#index === this.#rungs.length - 1;
    if (isLast || (verdict === 'failure' && this.#failures < allowed)) return false;
    this.#index += 1;
    this.#failures = 0;
    this.#wasLive = false;
    return true;
  }
}
