import { Ladder } from './ladder.ts';
import type { Rung } from './transports.ts';

/**
 * Which way leads to what the viewer wants to see: the ladder of the live ones, and beside it the one that has a past.
 * Where a live way is the same, it is kept.
 */
export class Ways {
  readonly #rungs: readonly Rung[];
  readonly #live: Ladder;
  #isBack = false;
  /** While the viewer is back in time by another way than the live one. Below the way with a past are the live ones. */
  #past: Ladder | null = null;

  constructor(rungs: readonly Rung[], live = new Ladder(rungs)) {
    this.#rungs = rungs;
    this.#live = live;
  }

  get current(): Rung | undefined {
    return this.#ladder.current;
  }

  /** Whether one can go back in time. */
  get hasPast(): boolean {
    return this.#rungs.some(({ transport }) => transport.hasPast);
  }

  get isBack(): boolean {
    return this.#isBack;
  }

  /** True when it is another way. */
  goBack(): boolean {
    this.#isBack = true;
    if (this.current?.transport.hasPast) return false;
    this.#past = this.#pastLadder();
    return true;
  }

  /** True when it is another way. */
  goLive(): boolean {
    this.#isBack = false;
    if (this.#past === null) return false;
    this.#past = null;
    return true;
  }

  /** The same place on other rungs. */
  with(rungs: readonly Rung[]): Ways {
    const next = new Ways(rungs, new Ladder(rungs, this.#live.current?.transport.id));
    next.#isBack = this.#isBack;
    if (this.#past) next.#past = next.#pastLadder();
    return next;
  }

  succeeded(): void {
    this.#ladder.succeeded();
  }

  /** As the ladder's. Where the way with a past fails, it is live again. */
  failed(): boolean {
    const isLower = this.#ladder.failed();
    this.#leavePast();
    return isLower;
  }

  /** As the ladder's. */
  undecodable(): boolean {
    const isAny = this.#ladder.undecodable();
    this.#leavePast();
    return isAny;
  }

  get #ladder(): Ladder {
    return this.#past ?? this.#live;
  }

  #pastLadder(): Ladder {
    const past = this.#rungs.filter(({ transport }) => transport.hasPast);
    return new Ladder([...past, ...this.#rungs.filter(({ transport }) => !transport.hasPast)]);
  }

  #leavePast(): void {
    if (this.current?.transport.hasPast) return;
    this.#past = null;
    this.#isBack = false;
  }
}
