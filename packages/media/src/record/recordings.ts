import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { DirectoryEntry } from '../cluster/directory-entry.ts';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, MediaHooks } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { RecordOptions } from './contract.ts';
import { RecordBook } from './record-book.ts';
import { recoverRecording } from './recover.ts';

export interface RecordingsDeps {
  options: RecordOptions;
  hooks: MediaHooks;
  log: MediaLog;
  send(workerId: number, notice: MainNotice): void;
  entry(key: StreamKey): DirectoryEntry | undefined;
}

/** Recordings on the main thread: the book of them, and in mode `always` the order for every broadcast. */
export class Recordings {
  readonly book: RecordBook;
  readonly #options: RecordOptions;

  constructor({ options, hooks, log, send, entry }: RecordingsDeps) {
    this.#options = options;
    this.book = new RecordBook({
      ownerOf: (key) => {
        const { owner: workerId, publisher } = entry(key) ?? {};
        return workerId === undefined ? undefined : { workerId, client: publisher?.client };
      },
      send,
      notify: (event) => hooks.notify(event),
      makeRoom: async (request) => hooks.makeRoom?.(request),
      recover: recoverRecording,
      log,
    });
  }

  /** Before anybody else hears of it, so that whoever does can order with the stream in place. */
  heard(event: MediaEvent): void {
    this.book.heard(event);
    if (event.type === 'published' && this.#options.mode === 'always') this.#record(event);
  }

  #record({ app, stream }: { app: string; stream: string }): void {
    if (this.book.isRecording(streamKeyOf({ app, stream }))) return;
    const at = new Date()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', '-');
    const id = `${at}-${randomBytes(3).toString('hex')}`;
    // App and stream are checked names (hub/stream-name.ts): neither leads out of the folder.
    this.book.start({ app, stream }, { id, folder: join(resolve(this.#options.folder), app, stream, id) });
  }
}
