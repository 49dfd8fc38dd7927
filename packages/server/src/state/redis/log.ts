import { randomBytes } from 'node:crypto';
import type { LoggedEvent, LogRead, NewEvent, Position, StateEvent } from '../contract.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import { LastKnown } from './last-known.ts';
import type { Run } from './link.ts';
import { APPEND, POSITION, READ, runScript, type Script } from './scripts.ts';

/** A log that nobody appends to, reads or listens to this long is dropped. */
const UNUSED_LOG_MS = 86_400_000;
const READ_CHUNK = 1000;
const SEEN_CHANNELS = 10_000;

export interface LogOptions {
  connection: Connection;
  keys: Keys;
  historySize: number;
  now: () => number;
}

/**
 * The event logs: per channel a hash (epoch, offset), a stream of the newest `historySize` events and their ids. This
 * node remembers the furthest position it saw of each, by which a Redis that fell behind itself is found out.
 */
export class Log {
  readonly #options: LogOptions;
  readonly #seen = new LastKnown<Position>(SEEN_CHANNELS);

  constructor(options: LogOptions) {
    this.#options = options;
  }

  get historySize(): number {
    return this.#options.historySize;
  }

  /** The furthest position that this node saw of a channel lately. */
  seen(channel: string): Position | undefined {
    return this.#seen.get(channel);
  }

  see(channel: string, position: Position): Position {
    const seen = this.#seen.get(channel);
    if (seen === undefined || seen.epoch !== position.epoch || seen.offset <= position.offset)
      this.#seen.set(channel, position);
    return position;
  }

  async append(
    run: Run,
    channel: string,
    { id, event, data, atMs = this.#options.now() }: NewEvent,
  ): Promise<Position> {
    const payload = JSON.stringify({ event, data, atMs } satisfies StateEvent);
    const args = [id, payload, this.#options.historySize];
    const [epoch, offset] = await run(() => this.#call(APPEND, channel, args));
    return this.see(channel, { epoch, offset });
  }

  async position(run: Run, channel: string): Promise<Position> {
    const [epoch, offset] = await run(() => this.#call(POSITION, channel, []));
    return this.see(channel, { epoch, offset });
  }

  async read(run: Run, channel: string, since: Position): Promise<LogRead> {
    const events: LoggedEvent[] = [];
    let offset = Number.isSafeInteger(since.offset) ? since.offset : -1;
    for (;;) {
      const args = [since.epoch, offset, READ_CHUNK];
      const [epoch, head, recovered, payloads] = await run(() => this.#call(READ, channel, args));
      const position = this.see(channel, { epoch, offset: head });
      if (recovered === 0) return { recovered: false, position, events: [] };
      for (const payload of payloads) events.push({ ...parseEvent(payload), offset: ++offset });
      if (offset === head) return { recovered: true, position, events };
    }
  }

  #call<Reply>(script: Script<Reply>, channel: string, args: readonly (string | number)[]): Promise<Reply> {
    const { connection, keys } = this.#options;
    const { meta, log, ids, wire } = keys.channel(channel);
    const seen = this.#seen.get(channel);
    return runScript(connection, script, {
      keys: [meta, log, ids, wire],
      args: [newEpoch(), seen?.epoch ?? '', seen?.offset ?? 0, UNUSED_LOG_MS, ...args],
    });
  }
}

/** Only `Log` and those who publish on a channel's wire write these texts. */
export function parseEvent(payload: string): StateEvent {
  return JSON.parse(payload) as StateEvent;
}

const newEpoch = (): string => randomBytes(6).toString('hex');
