import type { DirectoryEntry } from '../cluster/directory-entry.ts';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, MediaHooks } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
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
  /** Viewers of what is made of a stream: they need it too. */
  renditionViewers(key: StreamKey): number;
  end(key: StreamKey): void;
}

/** What goes on to other servers and what comes from them, on the main thread; it hears what the hooks are told. */
export class Relays {
  readonly pushes: PushBook;
  readonly #pulls: PullBook;

  constructor({ entry, renditionViewers, ...deps }: RelaysDeps) {
    this.pushes = new PushBook({ ...deps, ownerOf: (key) => entry(key)?.owner });
    this.#pulls = new PullBook({
      ...deps,
      waitingFor: (key) => {
        const found = entry(key);
        if (found === undefined) return renditionViewers(key) > 0 ? new Map() : undefined;
        return found.state === 'idle' ? found.viewers : undefined;
      },
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
        hooks.notify(event);
      },
    };
  }

  workerLost(workerId: number): void {
    this.pushes.workerLost(workerId);
    this.#pulls.workerLost(workerId);
  }

  close(): void {
    this.#pulls.close();
  }

  #heard(event: MediaEvent): void {
    this.pushes.heard(event);
    this.#pulls.heard(event);
  }
}
