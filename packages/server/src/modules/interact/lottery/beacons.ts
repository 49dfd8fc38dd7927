import type { Logger } from 'pino';
import type { Beacon, PlannedBeacon } from './contract.ts';
import type { Drand } from './drand.ts';
import type { LotteryMetrics } from './metrics.ts';
import { inThread } from './thread.ts';

/** Between the end of a lottery and the round that decides it: the head is public by then. */
const MARGIN_MS = 10_000;
/** How long it is believed that drand can be reached, or not. */
const REACH_MS = 60_000;

/** How long a new lottery waits to know that. */
const REACH_WAIT_MS = 5000;

export interface BeaconOptions {
  /** `auto`: drand where it can be reached and the end is known, else the delay. */
  beacon: 'delay' | 'drand' | 'auto';
  /** A multiple of 64. */
  delayIterations: number;
  /** Where drand is asked, `https://HOST` each. */
  drandHosts: readonly string[];
}

/** What decides a lottery beside its seed, which nobody knows before the entries are final. */
export interface Beacons {
  /** Fixed before anybody enters; `endsAt` ms since the epoch, undefined when it is closed by hand. */
  plan(endsAt: number | undefined): Promise<PlannedBeacon>;
  /** When it can be known, ms since the epoch; 0 at any time. */
  knownAt(beacon: PlannedBeacon): number;
  /** @throws Error when it is not to be had now */
  value(beacon: PlannedBeacon, head: string): Promise<Beacon>;
  /** What runs ends without a value. */
  stop(): void;
}

export class RealBeacons implements Beacons {
  readonly #options: BeaconOptions;
  readonly #drand: Drand;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #metrics: LotteryMetrics;
  readonly #reachWaitMs: number;
  readonly #stopping = new AbortController();
  #reached: { is: Promise<boolean>; atMs: number } | undefined;

  constructor(deps: {
    options: BeaconOptions;
    drand: Drand;
    metrics: LotteryMetrics;
    logger: Logger;
    now: () => number;
    reachWaitMs?: number;
  }) {
    this.#options = deps.options;
    this.#drand = deps.drand;
    this.#logger = deps.logger;
    this.#now = deps.now;
    this.#metrics = deps.metrics;
    this.#reachWaitMs = deps.reachWaitMs ?? REACH_WAIT_MS;
  }

  /** Without an end no round could be named before the entries, and whoever closes could choose one. */
  async plan(endsAt: number | undefined): Promise<PlannedBeacon> {
    const { beacon, delayIterations: iterations } = this.#options;
    if (endsAt === undefined || beacon === 'delay' || (beacon === 'auto' && !(await this.#canReach())))
      return { kind: 'delay', iterations };
    return { kind: 'drand', chain: this.#drand.chain, round: this.#drand.roundAt(endsAt + MARGIN_MS) };
  }

  knownAt(beacon: PlannedBeacon): number {
    return beacon.kind === 'delay' ? 0 : this.#drand.timeOf(beacon.round);
  }

  async value(beacon: PlannedBeacon, head: string): Promise<Beacon> {
    const startMs = performance.now();
    try {
      const known = await this.#ask(beacon, head);
      this.#metrics.beaconTook(beacon.kind, performance.now() - startMs);
      return known;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#metrics.beaconFailed(beacon.kind);
      throw error;
    }
  }

  stop(): void {
    this.#stopping.abort(new Error('the platform stops'));
  }

  async #ask(beacon: PlannedBeacon, head: string): Promise<Beacon> {
    const { signal } = this.#stopping;
    if (beacon.kind === 'drand') return { ...beacon, ...(await this.#drand.round(beacon.round, signal)) };
    const checkpoints = await inThread<string[]>({ kind: 'delay', head, iterations: beacon.iterations }, signal);
    return { ...beacon, checkpoints, value: checkpoints.at(-1) ?? '' };
  }

  /** Asked once for all lotteries that begin within the minute. */
  #canReach(): Promise<boolean> {
    const nowMs = this.#now();
    if (this.#reached === undefined || nowMs - this.#reached.atMs >= REACH_MS)
      this.#reached = { is: this.#reach(nowMs), atMs: nowMs };
    return this.#reached.is;
  }

  async #reach(nowMs: number): Promise<boolean> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#reachWaitMs)]);
    try {
      await this.#drand.round(this.#drand.roundAt(nowMs) - 2, signal);
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#metrics.beaconFailed('drand');
      this.#logger.info({ err: error }, 'drand cannot be reached; lotteries that begin now use the delay');
      return false;
    }
  }
}
