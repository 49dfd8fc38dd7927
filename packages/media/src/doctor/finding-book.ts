import type { DirectoryEntry } from '../cluster/directory-entry.ts';
import type { StreamReport } from '../cluster/messages.ts';
import type { MediaEvent } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';

/** What is known to be found of each stream, on the main thread, so that only changes are told. */
export class FindingBook {
  #entry: (key: StreamKey) => DirectoryEntry | undefined;
  #known = new Map<StreamKey, string>();

  constructor(entry: (key: StreamKey) => DirectoryEntry | undefined) {
    this.#entry = entry;
  }

  /** A worker's reports; the answer is what changed. Only the owner of a stream that is published knows of findings. */
  take(reports: readonly StreamReport[], atMs: number): MediaEvent[] {
    return reports.flatMap(({ key, owner, findings = [] }): MediaEvent[] => {
      const entry = this.#entry(key);
      if (!owner || entry?.state !== 'publishing') return [];
      const now = findings.map(({ code, severity }) => `${code}:${severity}`).join();
      if (now === (this.#known.get(key) ?? '')) return [];
      this.#known.set(key, now);
      return [{ type: 'findings', app: entry.app, stream: entry.stream, findings, atMs }];
    });
  }

  /** Of what the hooks are told. What was found ends untold with its publisher: nobody knows whether it is well now. */
  heard(event: MediaEvent): void {
    if (event.type === 'interrupted' || event.type === 'ended') this.#known.delete(streamKeyOf(event));
  }
}
