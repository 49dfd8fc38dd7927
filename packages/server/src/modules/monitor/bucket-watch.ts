import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Loop } from '../../database/loop.ts';
import type { Bucket } from '../../storage/contract.ts';
import type { MonitorNode } from './contract.ts';

const EVERY_MS = 15_000;
/** One that takes longer does not answer. */
const TIMEOUT_MS = 10_000;
/** A single failure is a hiccup. */
const FAILURES = 2;

export interface BucketWatchDeps {
  bucket: Pick<Bucket, 'probe'>;
  logger: Logger;
  everyMs?: number;
}

/** Asks the bucket again and again whether it is there: recordings and files notice only when they need it. */
export class BucketWatch {
  readonly #deps: BucketWatchDeps;
  readonly #loop: Loop;
  #failures = 0;

  constructor(deps: BucketWatchDeps) {
    this.#deps = deps;
    const { logger, everyMs = EVERY_MS } = deps;
    this.#loop = new Loop({
      ...{ logger, restMs: everyMs, failedWords: 'the bucket could not be looked at' },
      work: async () => {
        await this.#look();
        return false;
      },
    });
  }

  get state(): MonitorNode['dependencies'][number]['state'] {
    if (this.#failures === 0) return 'closed';
    return this.#failures < FAILURES ? 'half-open' : 'open';
  }

  start(): void {
    this.#loop.start();
  }

  /** Does not wait for a bucket that hangs. Idempotent. */
  async stop(): Promise<void> {
    await Promise.race([this.#loop.stop(), delay(0)]);
  }

  async #look(): Promise<void> {
    const late = delay(TIMEOUT_MS, false, { ref: false });
    const probed = this.#deps.bucket.probe().then(
      () => true,
      () => false,
    );
    const isWell = await Promise.race([probed, late]);
    this.#failures = isWell ? 0 : this.#failures + 1;
  }
}
