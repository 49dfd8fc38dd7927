import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Beacon, PlannedBeacon } from './contract.ts';
import type { Drand } from './drand.ts';

/** Between the end of a lottery and the round that decides it: the head is public by then. */
const MARGIN_MS = 10_000;
/** How long it is believed that drand can be reached, or not. */
const REACH_MS = 60_000;

export interface BeaconOptions {
  /** `auto`: drand where it can be reached and the end is known, else the delay. */
  beacon: 'delay' | 'drand' | 'auto';
  /** A multiple of 64. */
  delayIterations: number;
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
  readonly #stopping = new AbortController();
  #reached: { is: boolean; atMs: number } | undefined;

  constructor(deps: { options: BeaconOptions; drand: Drand; logger: Logger; now: () => number }) {
    this.#options = deps.options;
    this.#drand = deps.drand;
    this.#logger = deps.logger;
    this.#now = deps.now;
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
    if (beacon.kind === 'drand')
      return { ...beacon, ...(await this.#drand.round(beacon.round, this.#stopping.signal)) };
    const checkpoints = await delayInThread({ head, iterations: beacon.iterations }, this.#stopping.signal);
    return { ...beacon, checkpoints, value: checkpoints.at(-1) ?? '' };
  }

  stop(): void {
    this.#stopping.abort(new Error('the platform stops'));
  }

  async #canReach(): Promise<boolean> {
    const nowMs = this.#now();
    if (this.#reached !== undefined && nowMs - this.#reached.atMs < REACH_MS) return this.#reached.is;
    let is = true;
    try {
      await this.#drand.round(this.#drand.roundAt(nowMs) - 2, this.#stopping.signal);
    } catch (error) {
      is = false;
      this.#logger.info({ err: error }, 'drand cannot be reached; lotteries that begin now use the delay');
    }
    this.#reached = { is, atMs: nowMs };
    return is;
  }
}

async function delayInThread(input: { head: string; iterations: number }, signal: AbortSignal): Promise<string[]> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./delay-worker.ts', import.meta.url), { workerData: input });
  try {
    const [checkpoints] = (await once(worker, 'message', { signal })) as [string[]];
    return checkpoints;
  } finally {
    await worker.terminate();
  }
}
