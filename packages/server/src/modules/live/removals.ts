import type { Logger } from 'pino';
import type { MediaEngine } from '../../engine/contract.ts';
import type { ErrorCode } from '../gateway/contract.ts';
import type { Audience } from './audience.ts';

export interface RemovedPerson {
  roomId: string;
  person: string;
  code: ErrorCode;
}

/** Ends what people hold in a room on this node, when any node decided that they have to leave. */
export class Removals {
  readonly #audience: Audience;
  readonly #engine: MediaEngine;
  readonly #logger: Logger;
  readonly #personListeners: ((removed: RemovedPerson) => void)[] = [];
  readonly #hiddenListeners: ((roomId: string) => Promise<void>)[] = [];

  constructor(deps: { audience: Audience; engine: MediaEngine; logger: Logger }) {
    this.#audience = deps.audience;
    this.#engine = deps.engine;
    this.#logger = deps.logger;
  }

  /** Called once each, when the listeners' owners are made. */
  onPerson(listener: (removed: RemovedPerson) => void): void {
    this.#personListeners.push(listener);
  }

  onHidden(listener: (roomId: string) => Promise<void>): void {
    this.#hiddenListeners.push(listener);
  }

  person(removed: RemovedPerson): void {
    const { roomId, person } = removed;
    const connections = this.#audience.mediaOf(roomId, { person });
    this.#audience.leave(roomId, person);
    for (const listener of this.#personListeners) listener(removed);
    this.#run(() => this.#kick(connections));
  }

  /** The room became private: whoever came without a token has to come again with one. */
  hidden(roomId: string): void {
    const connections = this.#audience.mediaOf(roomId, 'not entitled');
    this.#run(async () => {
      await this.#kick(connections);
      for (const listener of this.#hiddenListeners) await listener(roomId);
    });
  }

  async #kick(connections: readonly string[]): Promise<void> {
    for (const clientId of connections) await this.#engine.kickClient(clientId);
  }

  #run(work: () => Promise<void>): void {
    work().catch((error: unknown) =>
      this.#logger.error({ err: error }, 'somebody who had to leave a room was not cut'),
    );
  }
}
