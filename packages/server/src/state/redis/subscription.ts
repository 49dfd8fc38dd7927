import type { Logger } from 'pino';
import type { Delivery, Listener, LoggedEvent, LogRead, Position } from '../contract.ts';
import { parseEvent, type Log } from './log.ts';
import type { Run } from './link.ts';

/** Messages kept while the log is being read; with more, it is read again. */
const MAX_EARLY = 1000;
const TAIL_EVENTS = 500;
const TAIL_CHARACTERS = 1_000_000;

/** What goes over a channel's wire: `EPOCH OFFSET PAYLOAD`, or `- PAYLOAD` for an ephemeral event. */
interface WireMessage {
  epoch: string;
  offset: number;
  payload: string;
}

/**
 * This node's ear on one channel, for however many listeners. Messages whose offset follows on are delivered as they
 * come; at any other one, or when asked to, it reads on from the log, which alone decides. Keeps the newest events.
 */
export class Subscription {
  readonly #channel: string;
  readonly #log: Log;
  readonly #logger: Logger;
  /** Each with the position from which on it listens; undefined is from the first delivery. */
  readonly #listeners = new Map<Listener, Position | undefined>();
  #known: Position | undefined;
  /** Messages that came while the log was being read. */
  #early: WireMessage[] = [];
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #tail: { event: LoggedEvent; size: number }[] = [];
  #tailSize = 0;
  /** Messages heard on the wire so far. */
  heard = 0;

  constructor({ channel, log, logger }: { channel: string; log: Log; logger: Logger }) {
    this.#channel = channel;
    this.#log = log;
    this.#logger = logger;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  get known(): Position | undefined {
    return this.#known;
  }

  add(listener: Listener): void {
    this.#listeners.set(listener, this.#known && this.#log.seen(this.#channel));
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  receive(message: string, run: Run): void {
    this.heard++;
    const afterEpoch = message.indexOf(' ');
    const epoch = message.slice(0, afterEpoch);
    if (epoch === '-') {
      if (this.#known !== undefined) this.#deliver(parseEvent(message.slice(afterEpoch + 1)));
      return;
    }
    const afterOffset = message.indexOf(' ', afterEpoch + 1);
    const offset = Number(message.slice(afterEpoch + 1, afterOffset));
    const logged = { epoch, offset, payload: message.slice(afterOffset + 1) };
    if (this.#reading !== undefined || this.#known === undefined) {
      if (this.#early.push(logged) > MAX_EARLY) this.#early = this.#early.slice(-1);
    } else if (!this.#accept(logged)) {
      this.catchUp(run).catch((error: unknown) => this.#missed(error));
    }
  }

  /** Reads on from the log until everything up to now is delivered. */
  catchUp(run: Run): Promise<void> {
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#catchUp(run).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** What was missed since `since`, as far as this node knows without asking; undefined when it does not reach. */
  recall(since: Position): LogRead | undefined {
    const known = this.#known;
    if (known === undefined || known.epoch !== since.epoch || since.offset > known.offset) return undefined;
    const missed = known.offset - since.offset;
    if (missed > this.#tail.length) return undefined;
    const events = this.#tail.slice(this.#tail.length - missed).map(({ event }) => event);
    return { recovered: true, position: known, events };
  }

  async #catchUp(run: Run): Promise<void> {
    do {
      this.#readAgain = false;
      await this.#readOn(run);
      while (!this.#readAgain) {
        const message = this.#early.shift();
        if (message === undefined) break;
        this.#readAgain = !this.#accept(message);
      }
    } while (this.#readAgain);
    // In the same step as the look at the queue, so that no message is put there and forgotten.
    this.#reading = undefined;
  }

  async #readOn(run: Run): Promise<void> {
    if (this.#known === undefined) {
      this.#known = await this.#log.position(run, this.#channel);
      return;
    }
    const { recovered, position, events } = await this.#log.read(run, this.#channel, this.#known);
    if (!recovered) {
      this.#tail = [];
      this.#tailSize = 0;
      this.#known = position;
      this.#each((listener) => listener.reset());
      return;
    }
    for (const event of events) this.#take(event, { epoch: position.epoch, offset: event.offset }, 0);
  }

  /** False when the message neither follows on nor is known already. */
  #accept({ epoch, offset, payload }: WireMessage): boolean {
    const known = this.#known;
    if (known === undefined || epoch !== known.epoch) return false;
    if (offset <= known.offset) return true;
    if (offset !== known.offset + 1) return false;
    this.#take({ ...parseEvent(payload), offset }, { epoch, offset }, payload.length);
    return true;
  }

  #take(event: LoggedEvent, position: Position, size: number): void {
    this.#known = this.#log.see(this.#channel, position);
    const kept = { event, size: size === 0 ? JSON.stringify(event).length : size };
    this.#tail.push(kept);
    this.#tailSize += kept.size;
    while (this.#tail.length > TAIL_EVENTS || this.#tailSize > TAIL_CHARACTERS)
      this.#tailSize -= this.#tail.shift()?.size ?? 0;
    const { event: name, data, atMs } = event;
    this.#deliver({ event: name, data, atMs, position });
  }

  #deliver(delivery: Delivery): void {
    const { position } = delivery;
    this.#each((listener, from) => {
      const isOld = position !== undefined && from?.epoch === position.epoch && position.offset <= from.offset;
      if (!isOld) listener.deliver(delivery);
    });
  }

  #each(tell: (listener: Listener, from: Position | undefined) => void): void {
    for (const [listener, from] of this.#listeners) {
      try {
        tell(listener, from);
      } catch (error) {
        this.#logger.error({ err: error, channel: this.#channel }, 'a listener to a channel failed');
      }
    }
  }

  /** The recovery of the connection reads on; anything else is a fault of ours. */
  #missed(error: unknown): void {
    this.#logger.warn({ err: error, channel: this.#channel }, 'a channel could not be read on');
  }
}
