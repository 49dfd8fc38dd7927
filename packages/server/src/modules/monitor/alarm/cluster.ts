import { setTimeout as delay } from 'node:timers/promises';
import type { Reading } from './book.ts';
import { CRITICAL, WARNING } from './kinds.ts';

/** How old what the database says may be. */
const FRESH_MS = 4000;
/** What hangs is not waited for: what it would say stays as it was. */
const MOST_WAIT_MS = 1000;
const MINUTE_MS = 60_000;
/** A recording that failed is news for so long. */
const FAILED_MS = 3_600_000;

export interface LostNode {
  id: string;
  name: string;
  address: string | undefined;
  /** ms since the epoch. */
  lostAt: number;
}

export interface ClusterReaderDeps {
  lostNodes(): readonly LostNode[];
  failedRecordings(sinceMs: number): Promise<{ id: string; roomId: string | null; atMs: number }[]>;
  /** Webhooks of the platform to which nothing is delivered. */
  failingWebhooks(): Promise<{ id: string; url: string; sinceMs: number }[]>;
  now: () => number;
}

/** What is looked at once for all nodes, by whichever has the lease. */
export class ClusterReader {
  readonly #deps: ClusterReaderDeps;
  #stored: Reading[] = [];
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(deps: ClusterReaderDeps) {
    this.#deps = deps;
  }

  async read(): Promise<Reading[]> {
    const lost = this.#deps.lostNodes().map(
      ({ id, name, address, lostAt }): Reading => ({
        ...{ kind: 'node_lost', value: CRITICAL, since: lostAt, data: { nodeId: id } },
        subject: address === undefined ? name : `${name} ${address}`,
      }),
    );
    return [...lost, ...(await this.#ofDatabase())];
  }

  async #ofDatabase(): Promise<Reading[]> {
    if (Math.abs(this.#deps.now() - this.#readAtMs) < FRESH_MS) return this.#stored;
    let isKnown = false;
    this.#reading ??= this.#ask().finally(() => (this.#reading = undefined));
    const asked = this.#reading.then(
      () => (isKnown = true),
      // What is away says so by itself.
      () => {},
    );
    await Promise.race([asked, delay(MOST_WAIT_MS, undefined, { ref: false })]);
    return isKnown ? this.#stored : this.#stored.map((reading) => ({ ...reading, value: undefined }));
  }

  async #ask(): Promise<void> {
    const { failedRecordings, failingWebhooks, now } = this.#deps;
    const [recordings, webhooks] = await Promise.all([failedRecordings(now() - FAILED_MS), failingWebhooks()]);
    this.#stored = [
      ...recordings.map(
        ({ id, roomId, atMs }): Reading => ({
          ...{ kind: 'recording_failed', subject: id, value: WARNING, since: atMs },
          data: roomId === null ? {} : { roomId },
        }),
      ),
      ...webhooks.map(
        ({ id, url, sinceMs }): Reading => ({
          ...{ kind: 'webhooks_failing', subject: id, value: (now() - sinceMs) / MINUTE_MS, since: sinceMs },
          data: { host: URL.parse(url)?.host ?? '' },
        }),
      ),
    ];
    this.#readAtMs = now();
  }
}
