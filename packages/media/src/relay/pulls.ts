import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import { type PullHost, type PullOrder, StreamPull } from './pull.ts';

/** The streams that one worker fetches from elsewhere. */
export class Pulls {
  readonly #host: PullHost;
  readonly #pulls = new Map<StreamKey, StreamPull>();

  constructor(host: PullHost) {
    this.#host = host;
  }

  /** One that runs goes on. */
  start(order: PullOrder): void {
    const key = streamKeyOf(order);
    if (this.#pulls.has(key)) return;
    const pull = new StreamPull(order, this.#host, () => {
      this.#pulls.delete(key);
      this.#host.pullOver(key);
    });
    this.#pulls.set(key, pull);
    pull.start();
  }

  stop(key: StreamKey): void {
    this.#pulls.get(key)?.stop();
    this.#pulls.delete(key);
  }

  close(): void {
    for (const key of this.#pulls.keys()) this.stop(key);
  }
}
