import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Language } from '../../gateway/contract.ts';
import type { ChannelOptions } from './channels/contract.ts';
import type { Sender } from './channels/sender.ts';
import type { AlarmChannel, ChannelTrial } from './contract.ts';
import { messageOf, type MessageOptions, type Telling } from './message.ts';
import { matches } from './pattern.ts';

/** Of one channel: parcels that wait, and tellings in one parcel. */
const MAX_WAITING = 50;
const MAX_TELLINGS = 500;
/** Alarms that a channel remembers having been told of. */
const MAX_HEARD = 5000;
/** Pauses between tries: doubled each time, from and up to. */
const RETRY_FROM_MS = 1000;
const RETRY_TO_MS = 300_000;
/** Older news is none; while something goes on it is told again. */
const GIVE_UP_MS = 3_600_000;
/** How long a stop waits for what would be delivered at once. */
const STOP_MS = 2000;

export interface DispatcherDeps extends Omit<MessageOptions, 'language' | 'site'> {
  channels: readonly ChannelOptions[];
  sender: Sender;
  language: Language;
  site(): string;
  groupMs: number;
  /** Alarms that at least one channel was told of. */
  onTold(ids: readonly string[], atMs: number): void;
  count(type: string, outcome: 'delivered' | 'failed' | 'dropped'): void;
  logger: Logger;
  now: () => number;
}

interface Waiting {
  id: string;
  tellings: readonly Telling[];
  madeAtMs: number;
}

interface Line {
  options: ChannelOptions;
  /** Ids of what it was told that it fires: it is told that it is over, of whatever level it is by then. */
  heard: Set<string>;
  /** What is collected for the next parcel. */
  collected: Telling[];
  timer: NodeJS.Timeout | undefined;
  waiting: Waiting[];
  working: Promise<void> | undefined;
  deliveredAt: number | undefined;
  failingSince: number | undefined;
  lastError: string | undefined;
}

/** Brings what happened to the channels: collected for a moment, in order for each channel, again and again what fails. */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #lines: readonly Line[];
  readonly #stopping = new AbortController();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#lines = deps.channels.map((options) => ({
      ...{ options, heard: new Set<string>(), collected: [], timer: undefined, waiting: [], working: undefined },
      ...{ deliveredAt: undefined, failingSince: undefined, lastError: undefined },
    }));
  }

  /** Whether any channel wants to hear of it. */
  add(telling: Telling): boolean {
    if (this.#stopping.signal.aborted) return false;
    const lines = this.#lines.filter((line) => wants(line, telling));
    for (const line of lines) {
      if (telling.type === 'cleared') line.heard.delete(telling.alarm.id);
      else if (line.heard.size < MAX_HEARD) line.heard.add(telling.alarm.id);
      if (line.collected.length < MAX_TELLINGS) line.collected.push(telling);
      line.timer ??= setTimeout(() => this.#close(line), this.#deps.groupMs).unref();
    }
    return lines.length > 0;
  }

  /** A message at once, past everything that waits; undefined when there is no such channel. */
  async trial(name: string): Promise<ChannelTrial | undefined> {
    const line = this.#lines.find(({ options }) => options.name === name);
    if (line === undefined) return undefined;
    const at = this.#deps.now();
    const alarm = { id: randomUUID(), kind: 'trial', level: 'warning' as const, since: at, firedAt: at };
    const error = await this.#send(line, { id: randomUUID(), tellings: [{ type: 'trial', alarm }], madeAtMs: at });
    return error === undefined ? { delivered: true } : { delivered: false, error };
  }

  /** For operators: without addresses. */
  channels(): AlarmChannel[] {
    return this.#lines.map(({ options, collected, waiting, ...line }) => {
      const { name, type, levels, kinds, cleared, language = this.#deps.language } = options;
      const { deliveredAt, failingSince, lastError } = line;
      return {
        ...{ name, type, target: targetOf(options), levels: [...levels], kinds: [...kinds], cleared, language },
        waiting: waiting.length + (collected.length > 0 ? 1 : 0),
        ...(deliveredAt === undefined ? {} : { deliveredAt }),
        ...(failingSince === undefined ? {} : { failingSince }),
        ...(lastError === undefined ? {} : { lastError }),
      };
    });
  }

  failing(): { channel: string; since: number; error: string }[] {
    return this.#lines.flatMap(({ options, failingSince, lastError }) =>
      failingSince === undefined ? [] : [{ channel: options.name, since: failingSince, error: lastError ?? '' }],
    );
  }

  /** What is collected is tried once more, and not waited for long. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    for (const line of this.#lines) if (line.collected.length > 0) this.#close(line);
    this.#stopping.abort();
    const working = this.#lines.flatMap((line) => line.working ?? []);
    if (working.length > 0) await Promise.race([Promise.all(working), delay(STOP_MS, undefined, { ref: false })]);
  }

  /** What was collected becomes a parcel. */
  #close(line: Line): void {
    clearTimeout(line.timer);
    line.timer = undefined;
    const tellings = line.collected.splice(0);
    line.waiting.push({ id: randomUUID(), tellings, madeAtMs: this.#deps.now() });
    if (line.waiting.length > MAX_WAITING) {
      line.waiting.shift();
      this.#deps.count(line.options.type, 'dropped');
    }
    line.working ??= this.#work(line).finally(() => (line.working = undefined));
  }

  async #work(line: Line): Promise<void> {
    const { now, onTold, count, logger } = this.#deps;
    const { name, type } = line.options;
    let failures = 0;
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      const error = await this.#send(line, next);
      // More may have come than may wait: the parcel that was tried is not the first any more.
      const drop = (): unknown => line.waiting[0] === next && line.waiting.shift();
      if (error === undefined) {
        drop();
        failures = 0;
        onTold(
          next.tellings.map(({ alarm }) => alarm.id),
          now(),
        );
      } else {
        if (this.#stopping.signal.aborted) return;
        failures++;
        if (now() - next.madeAtMs >= GIVE_UP_MS) {
          drop();
          count(type, 'dropped');
          logger.error({ channel: name, error, tellings: next.tellings.length }, 'alarms did not reach their channel');
        }
        const waitMs = Math.min(RETRY_FROM_MS * 2 ** Math.min(failures - 1, 20), RETRY_TO_MS);
        await delay(waitMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
        if (this.#stopping.signal.aborted) return;
      }
    }
  }

  async #send(line: Line, { id, tellings }: Waiting): Promise<string | undefined> {
    const { sender, site, url, now, count, logger } = this.#deps;
    const { options } = line;
    const message = messageOf(tellings, { language: options.language ?? this.#deps.language, site: site(), url });
    let error: string | undefined;
    try {
      error = await sender.send(options, { tellings, message }, id);
    } catch (reason) {
      logger.error({ err: reason, channel: options.name }, 'an alarm channel failed');
      error = 'internal';
    }
    count(options.type, error === undefined ? 'delivered' : 'failed');
    if (error === undefined) [line.deliveredAt, line.failingSince, line.lastError] = [now(), undefined, undefined];
    else {
      if (line.failingSince === undefined) logger.warn({ channel: options.name, error }, 'an alarm channel fails');
      line.failingSince ??= now();
      line.lastError = error;
    }
    return error;
  }
}

function wants({ options: { name, levels, kinds, cleared }, heard }: Line, { type, alarm }: Telling): boolean {
  // Nobody can be told that they cannot be told.
  if (alarm.kind === 'alarm_delivery_failing' && alarm.subject === name) return false;
  if (type === 'cleared') {
    if (!cleared) return false;
    if (heard.has(alarm.id)) return true;
  }
  return levels.includes(alarm.level) && kinds.some((pattern) => matches(pattern, alarm.kind));
}

/** The path and the query of robots are their secret. */
function targetOf(options: ChannelOptions): string {
  return options.type === 'email' ? options.to.join(', ') : new URL(options.url).host;
}
