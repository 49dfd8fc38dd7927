import { isAbsolute } from 'node:path';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, PublicMediaClient } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import {
  isRecordingId,
  MAX_RECORDINGS,
  type RecordedPart,
  type RecordingEndReason,
  type RecordingFigures,
  type RecordingRequest,
  type RecordingStatus,
  type RecordNews,
  type RecordOrder,
  type RoomReply,
  type RoomRequest,
} from './contract.ts';

const NOTHING_YET: RecordingFigures = { state: 'waiting', sizeBytes: 0, durationMs: 0, parts: 0, gaps: 0, lostMs: 0 };

interface Entry {
  order: RecordOrder;
  app: string;
  stream: string;
  startedAtMs: number;
  /** Who publishes, or did last: `on_dvr` names them. */
  client: PublicMediaClient | undefined;
  /** Where it runs; undefined between two owners of the stream. */
  workerId: number | undefined;
  figures: RecordingFigures;
  hasStarted: boolean;
  /** Numbers of the files that were told of. */
  told: Set<number>;
  /** It has been ordered to end. */
  ending: RecordingEndReason | undefined;
}

export interface RecordBookDeps {
  /** The worker that owns the stream, and who publishes it; undefined while there is none. */
  ownerOf(key: StreamKey): { workerId: number; client: PublicMediaClient | undefined } | undefined;
  send(workerId: number, notice: MainNotice): void;
  notify(event: MediaEvent): void;
  makeRoom?(request: RoomRequest): Promise<RoomReply | undefined>;
  /** What a folder holds after its writer died; what was torn is cut off. */
  recover(folder: string): Promise<{ parts: RecordedPart[] }>;
  log: MediaLog;
}

/**
 * Which recordings there are, on the main thread: each is written in the worker that owns its stream, goes on with the
 * next owner when that dies, and ends with the stream. What the hooks are told of them is told here, each once.
 */
export class RecordBook {
  readonly #deps: RecordBookDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: RecordBookDeps) {
    this.#deps = deps;
  }

  /**
   * False when nobody has published the stream, the id is not one or is taken, the folder is not absolute, or there are
   * too many.
   */
  start({ app, stream }: { app: string; stream: string }, request: RecordingRequest): boolean {
    const { id, folder, quotaBytes, minFreeBytes } = request;
    const key = streamKeyOf({ app, stream });
    const owner = this.#deps.ownerOf(key);
    if (owner === undefined || !isRecordingId(id) || !isAbsolute(folder) || folder.includes('\0')) return false;
    if (this.#entries.has(id) || this.#entries.size >= MAX_RECORDINGS) return false;
    const entry: Entry = {
      order: { id, key, folder, quotaBytes, minFreeBytes },
      app,
      stream,
      startedAtMs: Date.now(),
      client: owner.client,
      workerId: undefined,
      figures: NOTHING_YET,
      hasStarted: false,
      told: new Set(),
      ending: undefined,
    };
    this.#entries.set(id, entry);
    this.#place(entry, owner.workerId);
    return true;
  }

  /** It is listed until its last file is closed. False when there is none. */
  stop(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#finish(entry, 'stopped');
    return true;
  }

  list(): RecordingStatus[] {
    return [...this.#entries.values()].map(({ order, app, stream, startedAtMs, figures, ending }) => ({
      ...figures,
      ...(ending === undefined ? {} : { state: 'stopping' }),
      id: order.id,
      app,
      stream,
      folder: order.folder,
      startedAtMs,
    }));
  }

  isRecording(key: StreamKey): boolean {
    return [...this.#entries.values()].some(({ order, ending }) => order.key === key && ending === undefined);
  }

  /** A stream that another worker owns now takes its recordings there; with one that ended they end. */
  heard(event: MediaEvent): void {
    if (event.type !== 'published' && event.type !== 'ended') return;
    const key = streamKeyOf(event);
    for (const entry of this.#entries.values()) {
      if (entry.order.key !== key) continue;
      if (event.type === 'ended') {
        this.#finish(entry, 'ended');
      } else {
        entry.client = event.client;
        if (entry.workerId === undefined) this.#place(entry, this.#deps.ownerOf(key)?.workerId);
      }
    }
  }

  news(workerId: number, id: string, news: RecordNews): void {
    const entry = this.#entries.get(id);
    if (entry?.workerId !== workerId) return;
    switch (news.type) {
      case 'figures':
        entry.figures = news.figures;
        return;
      case 'started':
        this.#tellStarted(entry);
        return;
      case 'part':
        this.#tellPart(entry, news.part);
        return;
      case 'ended':
        this.#tellEnded(entry, news.reason);
        return;
      default:
        news satisfies never;
    }
  }

  /** Asks whoever owns older recordings. Undefined when nobody does, or they cannot. */
  async makeRoom(
    question: Pick<RoomRequest, 'id' | 'reason' | 'freeBytes' | 'sizeBytes'>,
  ): Promise<RoomReply | undefined> {
    const { id, reason, freeBytes, sizeBytes } = question;
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const { app, stream, order } = entry;
    try {
      return await this.#deps.makeRoom?.({ id, reason, freeBytes, sizeBytes, app, stream, folder: order.folder });
    } catch (error) {
      this.#deps.log.error({ recording: id, err: String(error) }, 'making room for a recording failed');
      return undefined;
    }
  }

  /** Its streams wait for their publishers, who will make other workers their owners. */
  workerLost(workerId: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.workerId !== workerId) continue;
      entry.workerId = undefined;
      entry.figures = { ...entry.figures, state: 'waiting' };
      if (entry.ending !== undefined) void this.#recover(entry, entry.ending);
    }
  }

  #place(entry: Entry, workerId: number | undefined): void {
    if (workerId === undefined || entry.ending !== undefined) return;
    entry.workerId = workerId;
    this.#deps.send(workerId, { type: 'record-start', order: entry.order });
  }

  #finish(entry: Entry, reason: RecordingEndReason): void {
    if (entry.ending !== undefined) return;
    entry.ending = reason;
    if (entry.workerId === undefined) void this.#recover(entry, reason);
    else this.#deps.send(entry.workerId, { type: 'record-stop', id: entry.order.id, reason });
  }

  /** Whoever wrote it is dead, and nobody will go on: what it left is brought to its end here. */
  async #recover(entry: Entry, reason: RecordingEndReason): Promise<void> {
    const { id, folder } = entry.order;
    try {
      const { parts } = await this.#deps.recover(folder);
      for (const part of parts) this.#tellPart(entry, part);
      this.#tellEnded(entry, reason);
    } catch (error) {
      this.#deps.log.error({ recording: id, err: String(error) }, 'what is left of a recording cannot be read');
      this.#tellEnded(entry, 'write_error');
    }
  }

  #tellStarted(entry: Entry): void {
    if (entry.hasStarted) return;
    entry.hasStarted = true;
    const { app, stream, order } = entry;
    this.#notify({ type: 'recording_started', app, stream, id: order.id, folder: order.folder, atMs: Date.now() });
  }

  #tellPart(entry: Entry, part: RecordedPart): void {
    if (entry.told.has(part.n)) return;
    entry.told.add(part.n);
    this.#tellStarted(entry);
    const { app, stream, order, client } = entry;
    const { id, folder } = order;
    this.#notify({ type: 'recording_part', app, stream, id, folder, part, client, atMs: Date.now() });
  }

  #tellEnded(entry: Entry, reason: RecordingEndReason): void {
    const { app, stream, order } = entry;
    const { id, folder } = order;
    this.#entries.delete(id);
    this.#notify({ type: 'recording_ended', app, stream, id, folder, reason, atMs: Date.now() });
  }

  #notify(event: MediaEvent): void {
    try {
      this.#deps.notify(event);
    } catch (error) {
      this.#deps.log.error({ event: event.type, err: String(error) }, 'a listener of media events failed');
    }
  }
}
