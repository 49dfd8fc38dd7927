import { localError } from '../errors.ts';
import type { KaiboError } from '../errors.ts';

interface Pending {
  resolve(answer: RTCSessionDescriptionInit): void;
  reject(error: KaiboError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** Offers that wait for the server's answer, by the id that they were sent with. */
export class PendingAnswers {
  readonly #pending = new Map<string, Pending>();
  #next = 1;

  /** `send` gets the id; false is that it could not be sent. Rejects with a KaiboError: `closed`, `timeout` or a refusal. */
  ask(send: (id: string) => boolean, timeoutMs: number): Promise<RTCSessionDescriptionInit> {
    const id = `server-${this.#next++}`;
    return new Promise((resolve, reject) => {
      if (!send(id)) return reject(localError('closed', 'not joined'));
      const timer = setTimeout(() => this.refused(id, localError('timeout', 'no answer in time')), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
    });
  }

  /** Whether somebody waited for it. */
  answered({ id, payload }: { id?: string; payload: unknown }): boolean {
    const pending = this.#take(id);
    pending?.resolve(payload as RTCSessionDescriptionInit);
    return pending !== undefined;
  }

  refused(id: string | undefined, error: KaiboError): boolean {
    const pending = this.#take(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** No answer can come any more. */
  close(): void {
    for (const id of [...this.#pending.keys()]) this.refused(id, localError('closed', 'the connection was lost'));
  }

  #take(id: string | undefined): Pending | undefined {
    if (id === undefined) return undefined;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }
}
