import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS, Server } from '@tus/server';
import type { Logger } from 'pino';
import type { Locker } from '@tus/server';
import { UPLOADS_PATH, type UploadPlace } from './upload-contract.ts';

/** Whoever wants an upload that another connection holds waits for so long until that one has brought what came home. */
const DRAIN_MS = 300;

export interface UploadServerDeps {
  place: UploadPlace;
  locker: Locker;
  maxBytes: number;
  onWhole(id: string): Promise<void>;
  logger: Logger;
}

/** The tus protocol, for requests of which it is known that they may. Answers are in its own words, which no person reads. */
export class UploadServer {
  readonly #deps: UploadServerDeps;
  readonly #server: Server;
  /** Of requests that make an upload, which one it is to be. */
  readonly #ids = new WeakMap<object, string>();

  constructor(deps: UploadServerDeps) {
    const { place, locker, maxBytes, onWhole } = deps;
    this.#deps = deps;
    this.#server = new Server({
      ...{ path: UPLOADS_PATH, datastore: place.datastore, locker, maxSize: maxBytes },
      ...{ relativeLocation: true, lockDrainTimeout: DRAIN_MS },
      // The gateway says who may read what from where.
      allowedOrigins: () => false,
      namingFunction: (request) => {
        const raw = request.runtime?.node?.req;
        const id = raw && this.#ids.get(raw);
        if (id === undefined) throw ERRORS.FILE_NOT_FOUND;
        return place.prefix + id;
      },
      generateUrl: (_request, { path, id }) => `${path}/${id.slice(place.prefix.length)}`,
      getFileIdFromRequest: (_request, lastPart) => (lastPart === undefined ? undefined : place.prefix + lastPart),
      onUploadFinish: async (_request, { id }) => {
        await onWhole(id.slice(place.prefix.length));
        return {};
      },
      onResponseError: (_request, error) => this.#onError(error),
    });
  }

  /** Makes the upload of this id; resolves when it is answered. */
  async create(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#ids.set(request, id);
    await this.#server.handle(request, response);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#server.handle(request, response);
  }

  #onError(error: Error | { status_code: number; body: string }): { status_code: number; body: string } | undefined {
    // Its own refusals are objects with a status.
    if ('status_code' in error && error.status_code < 500) return undefined;
    const cause = error instanceof Error && 'code' in error ? String(error.code) : '';
    this.#deps.logger.warn({ err: error }, 'bytes of an upload could not be kept');
    if (cause === 'ENOSPC' || cause === 'EDQUOT') return { status_code: 507, body: 'There is no room left\n' };
    // Never what a disk or a bucket said.
    return { status_code: 'status_code' in error ? error.status_code : 500, body: 'The bytes could not be kept\n' };
  }
}
