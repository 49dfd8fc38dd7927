import type { Logger } from 'pino';
import type { Connection } from './connection.ts';
import type { Groups } from './groups.ts';
import type { Keys } from './keys.ts';
import { LEASE_MS, type Leases } from './leases.ts';
import type { Link } from './link.ts';
import type { Log } from './log.ts';
import { BEAT, CLAIM_LOST, JOIN, runScript } from './scripts.ts';

const BEAT_MS = 3000;
const REAP_MS = 2000;
/** A node that claimed to clean up after another one and did not finish in this time is taken for dead as well. */
const CLAIM_MS = 5000;
const LOST_AT_ONCE = 10;
/** Sessions that this node ends itself after recoveries that were interrupted; older ones end by their lease. */
const MAX_FORMER = 32;

/** The log in which nodes tell each other who was lost; no channel of the contract begins with a tilde. */
export const NODES_CHANNEL = '~nodes';
export const NODE_LOST = 'node.lost';

export interface LostNode {
  nodeId: string;
  groups: string[];
}

interface NodesOptions {
  nodeId: string;
  connection: Connection;
  keys: Keys;
  link: Link;
  log: Log;
  groups: Groups;
  leases: Leases;
  logger: Logger;
}

/**
 * Who is alive. A node lives by a lease that it renews; whichever node first sees one ended cleans up after that node.
 * A node's life is a session: one that was interrupted, by a suspended process or a Redis that forgot, goes on as a new
 * session, so that what is cleaned up of the old one never touches what was entered since.
 */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #lives = 0;
  /** Sessions of this node that are not ended yet. */
  readonly #former: string[] = [];
  #isBeating = false;
  #isReaping = false;

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  get session(): string {
    return `${this.#options.nodeId}.${this.#lives}`;
  }

  start(): void {
    this.#timers.push(
      setInterval(() => void this.#beat(), BEAT_MS),
      setInterval(() => void this.#reap(), REAP_MS),
    );
  }

  async join(): Promise<void> {
    await this.#join([this.session]);
  }

  /**
   * Part of the recovery: enters everything again in a new session, then ends the old ones, of which there are several
   * when a recovery was interrupted. They stay among the living until then, so that they are cleaned up after in any case.
   */
  async rejoin(): Promise<void> {
    this.#former.push(this.session);
    if (this.#former.length > MAX_FORMER) this.#former.shift();
    this.#lives++;
    await this.#join([...this.#former, this.session]);
    await this.#options.groups.enterAgain();
    for (const session of this.#former) await this.#end(session);
    this.#former.length = 0;
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async leave(): Promise<void> {
    await this.#end(this.session);
  }

  async #join(sessions: readonly string[]): Promise<void> {
    const { connection, keys, link } = this.#options;
    const request = { keys: [keys.nodes().living] as [string], args: [LEASE_MS, ...sessions] };
    await link.attempt(() => runScript(connection, JOIN, request));
  }

  async #end(session: string): Promise<void> {
    const { connection, keys, link, groups } = this.#options;
    const { living } = keys.nodes();
    await groups.drop(session, groups.held());
    await groups.unregister(session);
    await link.attempt(() => connection.send(living, ['ZREM', living, session]));
  }

  async #beat(): Promise<void> {
    const { connection, keys, link, leases, logger } = this.#options;
    if (this.#isBeating || !link.isClosed) return;
    this.#isBeating = true;
    try {
      const request = { keys: [keys.nodes().living] as [string], args: [this.session, LEASE_MS] };
      const session = this.session;
      const isAlive = (await link.run(() => runScript(connection, BEAT, request))) === 1;
      if (!isAlive && session === this.session) link.open(new Error('this node was taken for dead'));
      else await leases.renew((command) => link.run(command));
    } catch (error) {
      logger.debug({ err: error }, 'a heartbeat failed');
    } finally {
      this.#isBeating = false;
    }
  }

  async #reap(): Promise<void> {
    const { connection, keys, link, logger } = this.#options;
    if (this.#isReaping || !link.isClosed) return;
    this.#isReaping = true;
    try {
      const { living, lost } = keys.nodes();
      const request = { keys: [living, lost] as [string, string], args: [CLAIM_MS, LOST_AT_ONCE] };
      const sessions = await link.run(() => runScript(connection, CLAIM_LOST, request));
      for (const session of sessions) await this.#cleanUp(session);
    } catch (error) {
      logger.warn({ err: error }, 'cleaning up after lost nodes will be tried again');
    } finally {
      this.#isReaping = false;
    }
  }

  /** Each step may be repeated by another node; the claim is ended last. */
  async #cleanUp(session: string): Promise<void> {
    const { connection, keys, link, log, groups, logger } = this.#options;
    const nodeId = nodeOf(session);
    const { living, lost } = keys.nodes();
    const data: LostNode = { nodeId, groups: await groups.drop(session) };
    const others = await link.run(() => connection.send(living, ['ZRANGE', living, '0', '-1']));
    // A node that goes on as another session has lost nothing but its past.
    if (!(others as string[]).some((other) => nodeOf(other) === nodeId))
      await log.append((command) => link.run(command), NODES_CHANNEL, { id: session, event: NODE_LOST, data });
    await groups.unregister(session);
    await link.run(() => connection.send(lost, ['ZREM', lost, session]));
    logger.warn({ nodeId, groups: data.groups.length }, 'a node was lost and is cleaned up after');
  }
}

const nodeOf = (session: string): string => session.slice(0, session.lastIndexOf('.'));
