import { KaiboError } from '../errors.ts';

/** Requests that wait for their answer at the same time; one more is refused. */
export const MAX_PENDING_REQUESTS = 256;

interface Waiting {
  resolve: (data: unknown) => void;
  reject: (error: KaiboError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Pairs requests with their answers by id. Every request is answered, refused or timed out. */
export class PendingRequests {
  readonly #waiting = new Map<string, Waiting>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(id: string): Promise<unknown> {
    if (this.#waiting.size >= MAX_PENDING_REQUESTS) {
      return Promise.reject(new KaiboError({ code: 'overflow', status: 0, message: 'too many requests wait' }));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.reject(id, new KaiboError({ code: 'timeout', status: 0, message: 'no answer' }));
      }, this.#timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  resolve(id: string, data: unknown): void {
    this.#take(id)?.resolve(data);
  }

  reject(id: string, error: KaiboError): void {
    this.#take(id)?.reject(error);
  }

  rejectAll(error: KaiboError): void {
    for (const id of [...this.#waiting.keys()]) this.reject(id, error);
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }
}
