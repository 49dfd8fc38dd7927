import type { Logger } from 'pino';
import type { StateCenter } from '../../state/contract.ts';

/** Nodes on which somebody listens to a channel. */
export const watchGroup = (channel: string): string => `watching:${channel}`;

/** Tells the node that counts which channels somebody listens to, so that it looks at no others. */
export class Watching {
  readonly #state: StateCenter;
  readonly #logger: Logger;
  /** Listeners on this node by channel. */
  readonly #listeners = new Map<string, number>();

  constructor(deps: { state: StateCenter; logger: Logger }) {
    this.#state = deps.state;
    this.#logger = deps.logger;
  }

  /** Call what is returned once, when they listen no more. */
  async joined(channel: string): Promise<() => void> {
    const count = this.#listeners.get(channel) ?? 0;
    this.#listeners.set(channel, count + 1);
    if (count === 0) await this.#state.enter(watchGroup(channel), this.#state.nodeId).catch(this.#untold);
    return () => this.#left(channel);
  }

  #left(channel: string): void {
    const count = (this.#listeners.get(channel) ?? 1) - 1;
    if (count > 0) {
      this.#listeners.set(channel, count);
      return;
    }
    this.#listeners.delete(channel);
    this.#state.leave(watchGroup(channel), this.#state.nodeId).catch(this.#untold);
  }

  /** Who listens has the snapshot, and asks again when it reconnects. */
  readonly #untold = (error: unknown): void => {
    this.#logger.warn({ err: error }, 'that somebody looks at a ranking was not told');
  };
}
