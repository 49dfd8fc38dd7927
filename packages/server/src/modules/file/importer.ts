import type { Logger } from 'pino';
import { Loop } from '../../database/loop.ts';
import type { Lease, StateCenter } from '../../state/contract.ts';
import { AppError, type ErrorCode } from '../gateway/contract.ts';
import type { PictureLibrary } from './contract.ts';
import type { ImportStore } from './import-store.ts';

const REST_MS = 60_000;
const LEASE = 'files:import';
const MOST_TRIES = 3;
/** What another try may change. */
const PASSING: readonly ErrorCode[] = [
  'picture_unreachable',
  'too_many_connections',
  'file_storage_unavailable',
  'disk_full',
];

export interface ImporterDeps {
  store: ImportStore;
  library: PictureLibrary;
  state: StateCenter;
  logger: Logger;
}

/** Fetches the pictures of other sites that people showed before the platform kept pictures, one after the other, by one node. */
export class Importer {
  readonly #deps: ImporterDeps;
  readonly #loop: Loop;
  #lease: Lease | undefined;

  constructor(deps: ImporterDeps) {
    this.#deps = deps;
    this.#loop = new Loop({
      ...{ logger: deps.logger, restMs: REST_MS, failedWords: 'pictures of other sites were not fetched' },
      work: () => this.#turn(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#lease?.release();
    this.#lease = undefined;
  }

  async #turn(): Promise<boolean> {
    const { store, library, state, logger } = this.#deps;
    const one = await store.next();
    if (one === undefined) return false;
    if (this.#lease?.isHeld !== true) this.#lease = await state.lease(LEASE);
    if (this.#lease === undefined) return false;
    try {
      const { purpose, user_id: id, url } = one;
      await store.done(one, await library.adopt(url, { owner: { id }, purpose }));
      return true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const isPassing = PASSING.includes(error.code);
      logger.info({ purpose: one.purpose, subject: one.subject_id, code: error.code }, 'a picture was not fetched');
      await store.failed(one, isPassing ? MOST_TRIES : 1);
      // What may pass is given the time to do so.
      return !isPassing;
    }
  }
}
