import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { StreamHub } from '../hub/stream-hub.ts';
import type { MediaOptions } from '../options.ts';
import { resolvePublic } from './public-address.ts';
import { StreamPush } from './push.ts';
import type { PushStatus } from './push-status.ts';

/** A push as the main thread orders it. */
export interface PushOrder {
  id: string;
  key: StreamKey;
  /** With its key: a secret. */
  url: string;
}

export interface PushesDeps {
  hub: StreamHub;
  options: MediaOptions;
  log: MediaLog;
  report(id: string, status: PushStatus): void;
}

/** The pushes of the streams that one worker owns. */
export class Pushes {
  readonly #deps: PushesDeps;
  readonly #pushes = new Map<string, { key: StreamKey; push: StreamPush }>();

  constructor(deps: PushesDeps) {
    this.#deps = deps;
  }

  /** One with the same id is replaced. */
  start({ id, key, url }: PushOrder): void {
    const { hub, options, log, report } = this.#deps;
    const { limits, relay } = options;
    this.stop(id);
    const push = new StreamPush({
      id,
      url,
      source: {
        // Found anew each time: a stream that was given up before it began is another one when it begins.
        isPublishing: () => hub.find(key)?.state === 'publishing',
        tap: (tap) => hub.open(key).tap(tap, { audio: 'aac' }),
      },
      dial: { timeoutMs: relay.timeoutMs, resolve: relay.allowPrivate ? undefined : resolvePublic },
      maxQueuedBytes: limits.viewerBufferBytes,
      slowMs: limits.slowViewerMs,
      log,
      report: (status) => report(id, status),
    });
    this.#pushes.set(id, { key, push });
    push.start();
  }

  stop(id: string): void {
    this.#pushes.get(id)?.push.stop();
    this.#pushes.delete(id);
  }

  /** The stream is over. */
  ended(key: StreamKey): void {
    for (const [id, { key: pushed }] of this.#pushes) if (pushed === key) this.stop(id);
  }

  close(): void {
    for (const id of this.#pushes.keys()) this.stop(id);
  }
}
