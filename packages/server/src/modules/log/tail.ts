import type { Logger } from 'pino';
import type { NewLogEntry } from '../../database/log-entries.ts';
import { searchKeyOf } from '../../database/search-key.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { LOG_LEVELS, type LogEntry, type LogFilter } from './contract.ts';
import { entryOf, shownEntry } from './line.ts';

/** Ephemeral: which nodes somebody looks at from, and what the others say meanwhile. */
const WATCH_CHANNEL = 'logs:watch';
const LINES_CHANNEL = 'logs:lines';

/** How often a node says that somebody looks on, and how long the others believe it. */
const WATCH_EVERY_MS = 5000;
const WATCHED_FOR_MS = 15_000;
const GATHER_MS = 200;
/** Of one node, in that time; more are counted. */
const MAX_LINES = 500;

export interface TailListener {
  filter: LogFilter;
  /** What fits, and how many of all there were too many of to be shown. */
  take(entries: readonly LogEntry[], dropped: number): void;
}

/** What one node tells the others. */
interface Told {
  nodeId: string;
  entries: LogEntry[];
  dropped: number;
}

export interface LogTailDeps {
  state: StateCenter;
  /** What operators call this one. */
  node: string;
  logger: Logger;
  now: () => number;
}

/** What all nodes say now, for those who look on; while nobody does, nothing is done. */
export class LogTail {
  readonly #deps: LogTailDeps;
  readonly #listeners = new Set<TailListener>();
  #gathered: ((() => NewLogEntry) | NewLogEntry)[] = [];
  #dropped = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #watchedUntilMs = 0;
  #heard: Unsubscribe | undefined;
  #lines: Promise<Unsubscribe | undefined> | undefined;

  constructor(deps: LogTailDeps) {
    this.#deps = deps;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** @throws StateUnavailableError */
  async start(): Promise<void> {
    const { state, now } = this.#deps;
    const hear = (nodeId: unknown): void => {
      if (nodeId !== state.nodeId) this.#watchedUntilMs = now() + WATCHED_FOR_MS;
    };
    this.#heard = await state.subscribe(WATCH_CHANNEL, { deliver: ({ data }) => hear(data), reset: () => {} });
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    clearTimeout(this.#flushTimer);
    clearInterval(this.#watchTimer);
    this.#listeners.clear();
    await this.#heard?.();
    this.#heard = undefined;
    await (
      await this.#lines
    )?.();
    this.#lines = undefined;
  }

  /** Returns how to leave. */
  listen(listener: TailListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  addLine(line: string, level: number): void {
    this.#gather(() => entryOf(line, { level, now: this.#deps.now }));
  }

  addEntries(entries: readonly NewLogEntry[]): void {
    for (const entry of entries) this.#gather(entry);
  }

  #begin(): void {
    const { state, logger } = this.#deps;
    const deliver = ({ data }: { data: unknown }): void => {
      const { nodeId, entries, dropped } = data as Told;
      if (nodeId !== state.nodeId) this.#show(entries, dropped);
    };
    // While the state center is away this node shows what it says itself.
    this.#lines = state.subscribe(LINES_CHANNEL, { deliver, reset: () => {} }).catch((error: unknown) => {
      logger.debug({ err: error }, 'what other nodes say is not shown');
      return undefined;
    });
    const watch = (): void => void state.publishEphemeral(WATCH_CHANNEL, 'watch', state.nodeId).catch(() => {});
    watch();
    this.#watchTimer = setInterval(watch, WATCH_EVERY_MS).unref();
  }

  #end(): void {
    clearInterval(this.#watchTimer);
    const lines = this.#lines;
    this.#lines = undefined;
    lines
      ?.then((leave) => leave?.())
      .catch((error: unknown) => this.#deps.logger.debug({ err: error }, 'a channel of the log was not left'));
  }

  get #isWatched(): boolean {
    return this.#watchedUntilMs > this.#deps.now();
  }

  #gather(entry: NewLogEntry | (() => NewLogEntry)): void {
    if (this.#listeners.size === 0 && !this.#isWatched) return;
    if (this.#gathered.length >= MAX_LINES) this.#dropped++;
    else this.#gathered.push(entry);
    this.#flushTimer ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
  }

  #flush(): void {
    this.#flushTimer = undefined;
    const { state, node } = this.#deps;
    const entries = this.#gathered.map((one) => shownEntry(typeof one === 'function' ? one() : one, { node }));
    const dropped = this.#dropped;
    this.#gathered = [];
    this.#dropped = 0;
    this.#show(entries, dropped);
    if (!this.#isWatched) return;
    const told: Told = { nodeId: state.nodeId, entries, dropped };
    state.publishEphemeral(LINES_CHANNEL, 'lines', told).catch(() => {});
  }

  #show(entries: readonly LogEntry[], dropped: number): void {
    for (const listener of this.#listeners) {
      const found = entries.filter((entry) => fits(entry, listener.filter));
      if (found.length > 0 || dropped > 0) listener.take(found, dropped);
    }
  }
}

function fits(entry: LogEntry, filter: LogFilter): boolean {
  for (const name of ['kind', 'node', 'user', 'room', 'stream', 'requestId'] as const)
    if (filter[name] !== undefined && filter[name] !== entry[name]) return false;
  if (filter.level !== undefined && LOG_LEVELS.indexOf(entry.level) < LOG_LEVELS.indexOf(filter.level)) return false;
  const { text = '' } = filter;
  if (text === '') return true;
  const said = searchKeyOf(JSON.stringify(entry));
  return searchKeyOf(text)
    .split(/\s+/)
    .every((word) => said.includes(word));
}
