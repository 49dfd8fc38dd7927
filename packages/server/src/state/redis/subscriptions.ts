import type { Logger } from 'pino';
import type { Listener, LogRead, Position, Unsubscribe } from '../contract.ts';
import { inBatches } from './batches.ts';
import type { Connection, WireListener } from './connection.ts';
import type { Keys } from './keys.ts';
import type { Link, Run } from './link.ts';
import type { Log } from './log.ts';
import { Subscription } from './subscription.ts';

const AUDIT_MS = 1000;
/** Channels looked at in one audit; the longest unaudited first. */
const AUDITED = 200;
const BATCH = 200;
/** A channel whose log moved on this many audits in a row, while its wire was silent, is subscribed to anew. */
const SILENT_AUDITS = 2;

interface SubscriptionsOptions {
  connection: Connection;
  keys: Keys;
  link: Link;
  log: Log;
  logger: Logger;
}

interface Ear {
  channel: string;
  subscription: Subscription;
  /** Resolves when the wire is subscribed to and the position is known. */
  started: Promise<void>;
  silentAudits: number;
}

/**
 * One sharded subscription per channel and node. Because pub/sub forgets what is said while nobody is connected, every
 * channel is read on after a connection came back, and in turn every so often in any case.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  /** By wire. In the order of the last audit. */
  readonly #ears = new Map<string, Ear>();
  /** Wires being given up; subscribing again waits for it. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Wires that could not be given up because Redis was away. */
  readonly #abandoned = new Set<string>();
  readonly #run: Run;
  readonly #attempt: Run;
  readonly #auditor: NodeJS.Timeout;
  #isAuditing = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { link } = options;
    this.#run = (command) => link.run(command);
    this.#attempt = (command) => link.attempt(command);
    this.#auditor = setInterval(() => void this.#audit(), AUDIT_MS).unref();
  }

  async subscribe(channel: string, listener: Listener): Promise<Unsubscribe> {
    const { wire } = this.#options.keys.channel(channel);
    const ear = this.#ears.get(wire) ?? this.#listen(channel, wire);
    ear.subscription.add(listener);
    const unsubscribe = async (): Promise<void> => {
      ear.subscription.remove(listener);
      if (!ear.subscription.hasListeners && this.#ears.get(wire) === ear) await this.#giveUp(wire);
    };
    try {
      await ear.started;
    } catch (error) {
      await unsubscribe();
      throw error;
    }
    return unsubscribe;
  }

  known(channel: string): Position | undefined {
    return this.#ear(channel)?.subscription.known;
  }

  recall(channel: string, since: Position): LogRead | undefined {
    return this.#ear(channel)?.subscription.recall(since);
  }

  /** Part of the recovery: everything missed is delivered when it resolves. */
  async recover(): Promise<void> {
    await this.#endAbandoned(this.#attempt);
    await inBatches([...this.#ears.values()], BATCH, ({ subscription }) => this.#readOn(subscription, this.#attempt));
  }

  /** The wires were connected anew: reads on, if Redis is not away as a whole. */
  async readOn(): Promise<void> {
    if (!this.#options.link.isClosed) return;
    const ears = [...this.#ears.values()];
    try {
      await inBatches(ears, BATCH, ({ subscription }) => this.#readOn(subscription, this.#run));
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the channels could not be read on');
    }
  }

  close(): void {
    clearInterval(this.#auditor);
    this.#ears.clear();
  }

  #ear(channel: string): Ear | undefined {
    return this.#ears.get(this.#options.keys.channel(channel).wire);
  }

  #listen(channel: string, wire: string): Ear {
    const { log, logger } = this.#options;
    const subscription = new Subscription({ channel, log, logger });
    const ear = { channel, subscription, started: this.#start(wire, subscription), silentAudits: 0 };
    this.#ears.set(wire, ear);
    return ear;
  }

  async #start(wire: string, subscription: Subscription): Promise<void> {
    const { connection } = this.#options;
    await this.#ending.get(wire);
    this.#abandoned.delete(wire);
    await this.#run(() => connection.subscribe(wire, this.#onMessage));
    await subscription.catchUp(this.#run);
  }

  readonly #onMessage: WireListener = (message, wire) => {
    this.#ears.get(wire)?.subscription.receive(message, this.#run);
  };

  /** Each once: what cannot be given up now either is abandoned again, and found by the next audit. */
  async #endAbandoned(run: Run): Promise<void> {
    const wires = [...this.#abandoned].slice(0, AUDITED);
    for (const wire of wires) this.#abandoned.delete(wire);
    const ended = wires.filter((wire) => !this.#ears.has(wire));
    await inBatches(ended, BATCH, (wire) => this.#giveUp(wire, run));
  }

  async #giveUp(wire: string, run: Run = this.#run): Promise<void> {
    this.#ears.delete(wire);
    const ending = this.#unsubscribe(wire, run).finally(() => this.#ending.delete(wire));
    this.#ending.set(wire, ending);
    await ending;
  }

  async #unsubscribe(wire: string, run: Run): Promise<void> {
    const { connection } = this.#options;
    try {
      await run(() => connection.unsubscribe(wire, this.#onMessage));
    } catch {
      this.#abandoned.add(wire);
    }
  }

  /** A subscription that has not begun yet reads by itself. */
  async #readOn(subscription: Subscription, run: Run): Promise<void> {
    if (subscription.known !== undefined) await subscription.catchUp(run);
  }

  async #audit(): Promise<void> {
    if (this.#isAuditing || !this.#options.link.isClosed) return;
    this.#isAuditing = true;
    const due = [...this.#ears].slice(0, AUDITED);
    try {
      await this.#endAbandoned(this.#run);
      await Promise.all(due.map(([wire, ear]) => this.#auditOne(wire, ear)));
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'an audit of the channels ended early');
    } finally {
      this.#isAuditing = false;
    }
  }

  async #auditOne(wire: string, ear: Ear): Promise<void> {
    const { subscription } = ear;
    if (this.#ears.get(wire) !== ear || subscription.known === undefined) return;
    this.#ears.delete(wire);
    this.#ears.set(wire, ear);
    const { heard, known } = subscription;
    await subscription.catchUp(this.#run);
    const isDeaf = subscription.heard === heard && subscription.known !== known;
    ear.silentAudits = isDeaf ? ear.silentAudits + 1 : 0;
    if (ear.silentAudits < SILENT_AUDITS) return;
    ear.silentAudits = 0;
    const { connection } = this.#options;
    this.#options.logger.warn({ channel: ear.channel }, 'a channel is subscribed to anew');
    await this.#run(() => connection.unsubscribe(wire, this.#onMessage));
    await this.#run(() => connection.subscribe(wire, this.#onMessage));
    await subscription.catchUp(this.#run);
  }
}
