import type { DirectoryEntry } from '../cluster/directory-entry.ts';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, MediaHooks, StreamOrigin } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { MediaOptions } from '../options.ts';
import { PullBook } from './pull-book.ts';
import { PushBook } from './push-book.ts';

export interface RelaysDeps {
  options: MediaOptions;
  log: MediaLog;
  send(workerId: number, notice: MainNotice): void;
  /** Workers that run and may own streams. */
  workers(): readonly number[];
  entry(key: StreamKey): DirectoryEntry | undefined;
  /** Which other node has a stream, where there are others. */
  findOrigin: ((stream: { app: string; stream: string }) => Promise<StreamOrigin>) | undefined;
  /** Viewers of what is made of a stream: they need it too. */
  renditionViewers(key: StreamKey): number;
  end(key: StreamKey): void;
}

/** What goes on to other servers and what comes from them, on the main thread; it hears what the hooks are told. */
export class Relays {
  readonly pushes: PushBook;
  readonly #pulls: PullBook;
  /** Streams that another node published last: it tells of them. */
  readonly #foreign = new Set<StreamKey>();

  constructor({ entry, renditionViewers, ...deps }: RelaysDeps) {
    this.pushes = new PushBook({ ...deps, ownerOf: (key) => entry(key)?.owner });
    this.#pulls = new PullBook({
      ...deps,
      waitingFor: (key) => {
        const found = entry(key);
        if (found === undefined) return renditionViewers(key) > 0 ? new Map() : undefined;
        return found.state === 'idle' ? found.viewers : undefined;
      },
      isInterrupted: (key) => entry(key)?.state === 'interrupted',
      viewersOf: (key) =>
        [...(entry(key)?.viewers.values() ?? [])].reduce((sum, viewers) => sum + viewers, renditionViewers(key)),
    });
  }

  /** After the workers. */
  start(): void {
    this.#pulls.start();
  }

  /** The hooks with these listening to what they are told, before them. */
  under(hooks: MediaHooks): MediaHooks {
    const { authorizeConnect, notifyClosed } = hooks;
    return {
      authorizePublish: (client) => hooks.authorizePublish(client),
      authorizePlay: (client) => hooks.authorizePlay(client),
      authorizeConnect: authorizeConnect && ((client) => authorizeConnect.call(hooks, client)),
      notifyClosed: notifyClosed && ((closed) => notifyClosed.call(hooks, closed)),
      notify: (event) => {
        this.#heard(event);
        if (!this.#isForeign(event)) hooks.notify(event);
      },
    };
  }

  workerLost(workerId: number): void {
    this.pushes.workerLost(workerId);
    this.#pulls.workerLost(workerId);
  }

  pullOver(workerId: number, key: StreamKey): void {
    this.#pulls.pullOver(workerId, key);
  }

  /** Whether a stream that was published here is another node's by now. */
  isForeign(key: StreamKey): boolean {
    return this.#foreign.has(key);
  }

  close(): void {
    this.#pulls.close();
  }

  /** What another node tells of its own streams is not told again here; who watches them here is. */
  #isForeign(event: MediaEvent): boolean {
    const key = streamKeyOf(event);
    if (event.type === 'published') {
      if (event.client.protocol === 'node') this.#foreign.add(key);
      else this.#foreign.delete(key);
    }
    if (event.type === 'playing' || event.type === 'stopped') return false;
    return event.type === 'ended' ? this.#foreign.delete(key) : this.#foreign.has(key);
  }

  #heard(event: MediaEvent): void {
    this.pushes.heard(event);
    this.#pulls.heard(event);
  }
}
