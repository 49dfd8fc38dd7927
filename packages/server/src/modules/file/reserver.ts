import type { Outbox } from '../../database/outbox.ts';
import { AppError } from '../gateway/contract.ts';
import type { FileOptions, FileRow } from './contract.ts';
import type { FileBounds, FileStore } from './store.ts';

/** Makes room for a file before anything of it comes, so that those that come at one time cannot pass a bound together. */
export class FileReserver {
  readonly #deps: { store: FileStore; outbox: Outbox; options: FileOptions };

  constructor(deps: { store: FileStore; outbox: Outbox; options: FileOptions }) {
    this.#deps = deps;
  }

  /** @throws AppError quota_exceeded, too_many_files, too_many_uploads, files_full */
  async reserve(row: FileRow, bounds: Pick<FileBounds, 'files' | 'unfinished'>): Promise<void> {
    const { store, outbox, options } = this.#deps;
    const { quotaBytes, totalBytes } = options;
    const answer = await outbox.transact(({ transaction }) =>
      store.reserve(transaction, row, { quotaBytes, totalBytes, ...bounds }),
    );
    if (answer !== 'taken') throw new AppError(answer);
  }
}
