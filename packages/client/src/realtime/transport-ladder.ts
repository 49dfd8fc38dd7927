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
  /** The highest rung that opened: where it fails, the server is away rather than the way to it. */
  #proven = Infinity;

  constructor(transport: TransportKind | 'auto') {
    this.#rungs = transport === 'auto' ? TRANSPORTS : [transport];
  }

  get current(): TransportKind {
    return this.#rungs[this.#index] ?? 'websocket';
  }

  get isLower(): boolean {
    return this.#index > 0;
  }

  /** A better transport than this one has worked here: the server is back, and so is that one, it seems. */
  get hasProvenBetter(): boolean {
    return this.#proven < this.#index;
  }

  opened(): void {
    this.#failures = 0;
    this.#patient = true;
    this.#proven = Math.min(this.#proven, this.#index);
  }

  failed(): void {
    this.#failures++;
    if (this.#failures < (this.#patient ? PATIENCE[this.current] : 1)) return;
    this.#failures = 0;
    // It was tried while the server was there: what it proved is over.
    if (!this.#patient && this.#proven === this.#index) this.#proven = Infinity;
    this.#index = (this.#index + 1) % this.#rungs.length;
  }

  /** Back to the best; what failed before gets one attempt there. */
  climb(): void {
    [this.#index, this.#failures, this.#patient] = [0, 0, false];
  }
}
