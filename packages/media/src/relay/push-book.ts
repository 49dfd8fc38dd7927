import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { PushOrder } from './pushes.ts';
import type { PushStatus } from './push-status.ts';

/** Pushes of one media server; each is a connection out. */
const MAX_PUSHES = 5000;

export interface PushInfo extends PushStatus {
  id: string;
  app: string;
  stream: string;
}

interface Entry {
  order: PushOrder;
  app: string;
  stream: string;
  /** Where it runs; undefined between two owners of the stream. */
  workerId: number | undefined;
  status: PushStatus;
}

export interface PushBookDeps {
  /** The worker that owns the stream; undefined while there is none. */
  ownerOf(key: StreamKey): number | undefined;
  send(workerId: number, notice: MainNotice): void;
}

/** Which pushes there are, on the main thread: each runs in the worker that owns its stream, and ends with the stream. */
export class PushBook {
  readonly #deps: PushBookDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: PushBookDeps) {
    this.#deps = deps;
  }

  /** False when nobody has published the stream, or there are too many. One with the same id is replaced. */
  start({ app, stream }: { app: string; stream: string }, { id, url }: { id: string; url: string }): boolean {
    const key = streamKeyOf({ app, stream });
    const workerId = this.#deps.ownerOf(key);
    this.stop(id);
    if (workerId === undefined || this.#entries.size >= MAX_PUSHES) return false;
    const order = { id, key, url };
    const status: PushStatus = { state: 'idle', sinceMs: Date.now(), sentBytes: 0, bitrateBps: 0, attempts: 0 };
    this.#entries.set(id, { order, app, stream, workerId, status });
    this.#deps.send(workerId, { type: 'push-start', order });
    return true;
  }

  /** False when there is none. */
  stop(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    if (entry.workerId !== undefined) this.#deps.send(entry.workerId, { type: 'push-stop', id });
    return true;
  }

  list(): PushInfo[] {
    return [...this.#entries.values()].map(({ order, app, stream, status }) => ({
      ...status,
      id: order.id,
      app,
      stream,
    }));
  }

  /** A stream that another worker owns now takes its pushes there; one that ended has none. */
  heard({ type, app, stream }: MediaEvent): void {
    if (type !== 'published' && type !== 'ended') return;
    const key = streamKeyOf({ app, stream });
    for (const [id, entry] of this.#entries) {
      if (entry.order.key !== key) continue;
      if (type === 'ended') this.#entries.delete(id);
      else if (entry.workerId === undefined) this.#place(entry);
    }
  }

  report(workerId: number, id: string, status: PushStatus): void {
    const entry = this.#entries.get(id);
    if (entry?.workerId === workerId) entry.status = status;
  }

  /** Its streams wait for their publishers, who will make other workers their owners. */
  workerLost(workerId: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.workerId !== workerId) continue;
      entry.workerId = undefined;
      entry.status = { ...entry.status, state: 'idle', sinceMs: Date.now(), bitrateBps: 0 };
    }
  }

  #place(entry: Entry): void {
    entry.workerId = this.#deps.ownerOf(entry.order.key);
    if (entry.workerId !== undefined) this.#deps.send(entry.workerId, { type: 'push-start', order: entry.order });
  }
}
