import { TRANSPORTS } from './transport.ts';
import type { TransportKind } from './transport.ts';

/** Failed opens after which the next transport is tried. */
const PATIENCE: Record<TransportKind, number> = { websocket: 3, sse: 2, polling: 2 };

/**
 * Which transport to try next. A rung that repeatedly does not open gives way to the next, and after the last comes the
 * first; one that opened is kept until somebody climbs.
 */
export class TransportLadder {
  readonly #rungs: readonly TransportKind[];
  #index = 0;
  #failures = 0;
  #patient = true;

  constructor(transport: TransportKind | 'auto') {
    this.#rungs = transport === 'auto' ? TRANSPORTS : [transport];
  }

  get current(): TransportKind {
    return this.#rungs[this.#index] ?? 'websocket';
  }

  get isLower(): boolean {
    return this.#index > 0;
  }

  opened(): void {
    this.#failures = 0;
    this.#patient = true;
  }

  failed(): void {
    this.#failures++;
    if (this.#failures < (this.#patient ? PATIENCE[this.current] : 1)) return;
    this.#failures = 0;
    this.#index = (this.#index + 1) % this.#rungs.length;
  }

  /** Back to the best; what failed before gets one attempt there. */
  climb(): void {
    [this.#index, this.#failures, this.#patient] = [0, 0, false];
  }
}
