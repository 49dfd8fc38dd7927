import type { Logger } from 'pino';
import { LIVE_APP } from '../live/contract.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { NodeState } from './contract.ts';

const LOOK_MS = 1000;

/** Sockets of this node. */
export interface Guests {
  /** Realtime and signaling. */
  count(): number;
  /** Asks those that were not asked yet to come again elsewhere, each at a moment of its own within this time. */
  moveOn(withinMs: number): void;
  /** Nobody has to go any more. */
  stay(): void;
}

export interface DrainDeps {
  engine: MediaEngine;
  logger: Logger;
  /** How long the load balancer may take to see that this node is not ready. */
  noticeMs: number;
  /** Over how long sockets are sent away. */
  spreadMs: number;
  guests(): Guests | undefined;
  /** Another node works, to which sockets may go. */
  hasElsewhere(): boolean;
  /** Told of each change. */
  changed(state: NodeState): Promise<void>;
}

/**
 * How a node is emptied before it is stopped: it is not ready any more, takes no publishers, sends its sockets away if
 * there is another that works, and waits for its streams to end; those that still go on when the time is over are cut, so that their encoders come again
 * elsewhere.
 */
export class Drain {
  readonly #deps: DrainDeps;
  #state: NodeState = 'active';
  #beganMs = 0;
  #timeoutMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** Again: with another time. */
  async begin(timeoutMs: number): Promise<void> {
    this.#timeoutMs = timeoutMs;
    if (this.#state !== 'active') return;
    this.#beganMs = performance.now();
    this.#deps.logger.warn({ timeoutMs }, 'this node drains: it takes no publishers and sends sockets away');
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    }, LOOK_MS).unref();
    await this.#become('draining');
  }

  async cancel(): Promise<void> {
    if (this.#state === 'active') return;
    await this.stop();
    this.#deps.guests()?.stay();
    this.#deps.logger.warn({}, 'this node drains no more');
    await this.#become('active');
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { noticeMs, spreadMs, guests, hasElsewhere, logger } = this.#deps;
    const passedMs = performance.now() - this.#beganMs;
    const isMoving = hasElsewhere();
    if (passedMs >= noticeMs && isMoving) guests()?.moveOn(spreadMs);
    if (this.#state !== 'draining') return;
    try {
      const playIds = await this.#published();
      const isLate = passedMs >= this.#timeoutMs;
      if (isLate) for (const stream of playIds) await this.#deps.engine.kickPublisher({ app: LIVE_APP, stream });
      const staying = isMoving ? (guests()?.count() ?? 0) : 0;
      const isEmpty = playIds.length === 0 && staying === 0 && passedMs >= noticeMs;
      if (!isEmpty && !isLate) return;
      logger.warn({ cut: playIds.length }, 'this node is drained and may be stopped');
      await this.#become('drained');
    } catch (error) {
      logger.error({ err: error }, 'a draining node could not be looked at');
    }
  }

  /** An interrupted stream waits for a publisher that comes elsewhere. Streams of a shared engine are no node's. */
  async #published(): Promise<string[]> {
    const { engine } = this.#deps;
    if (engine.ports?.() === undefined) return [];
    const streams = await engine.streams();
    return streams.filter(({ app, state }) => app === LIVE_APP && state === 'publishing').map(({ stream }) => stream);
  }

  async #become(state: NodeState): Promise<void> {
    this.#state = state;
    await this.#deps.changed(state);
  }
}
