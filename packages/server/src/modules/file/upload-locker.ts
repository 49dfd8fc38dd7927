import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import type { Lease, StateCenter, Unsubscribe } from '../../state/contract.ts';

/** On `control`, leaving no trace: another request wants the upload; whoever writes to it is to let it go. */
const WANTED = 'upload.wanted';
/** Whoever holds it gets some seconds to bring what came to the disk. */
const WAIT_MS = 20_000;
const AGAIN_MS = 100;

interface Holder {
  letGo: RequestRelease;
  lease: Lease;
}

/**
 * One request at a time writes to an upload, on whichever node. A connection that died without a word still holds it: the
 * one that comes after asks it to let go.
 */
export class UploadLocker implements Locker {
  readonly #state: StateCenter;
  readonly #holders = new Map<string, Holder>();
  #unsubscribe: Unsubscribe | undefined;

  constructor(state: StateCenter) {
    this.#state = state;
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#state.subscribe(CONTROL_CHANNEL, {
      deliver: ({ event, data }) => {
        if (event === WANTED && typeof data === 'string') void this.#holders.get(data)?.letGo();
      },
      reset: () => undefined,
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    for (const [id, { lease }] of this.#holders) {
      this.#holders.delete(id);
      await lease.release();
    }
  }

  newLock(id: string): Lock {
    return {
      lock: (signal, letGo) => this.#lock(id, { signal, letGo }),
      unlock: () => this.#unlock(id),
    };
  }

  async #lock(id: string, { signal, letGo }: { signal: AbortSignal; letGo: RequestRelease }): Promise<void> {
    const untilMs = performance.now() + WAIT_MS;
    while (performance.now() < untilMs && !signal.aborted) {
      const lease = await this.#state.lease(`upload:${id}`);
      if (lease !== undefined) {
        this.#holders.set(id, { letGo, lease });
        return;
      }
      await this.#state.publishEphemeral(CONTROL_CHANNEL, WANTED, id);
      await delay(AGAIN_MS);
    }
    throw signal.aborted ? ERRORS.ABORTED : ERRORS.ERR_LOCK_TIMEOUT;
  }

  async #unlock(id: string): Promise<void> {
    const holder = this.#holders.get(id);
    this.#holders.delete(id);
    await holder?.lease.release();
  }
}
