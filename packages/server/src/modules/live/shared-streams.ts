import type { MediaEngine } from '../../engine/contract.ts';
import { LIVE_APP } from './contract.ts';
import type { Streams } from './streams.ts';

/** How long somebody who was let in may take until they are current. */
const BECOMING_CURRENT_MS = 30_000;

/** Streams of an engine that all nodes share: it alone decides who publishes, and knows of all. */
export class SharedStreams implements Streams {
  readonly #engine: MediaEngine;
  readonly #now: () => number;
  /** By stream: when somebody who was let in before has to go, should they become current. */
  readonly #cut = new Map<string, number>();

  constructor(deps: { engine: MediaEngine; now: () => number }) {
    this.#engine = deps.engine;
    this.#now = deps.now;
  }

  async claim(playId: string): Promise<boolean> {
    this.#cut.delete(playId);
    return true;
  }

  async published(playId: string): Promise<'stays' | 'goes'> {
    return this.#cut.delete(playId) ? 'goes' : 'stays';
  }

  async ended(playId: string): Promise<void> {
    this.#cut.delete(playId);
  }

  cut(playId: string): void {
    if (!this.#isPublished(playId)) this.#cut.set(playId, this.#now());
  }

  /** While it is not known what the engine carries, nothing is said to be missing. */
  async holders(playIds: readonly string[]): Promise<Set<string>> {
    return new Set(playIds.filter((playId) => this.#isPublished(playId)));
  }

  async isHeldElsewhere(playId: string): Promise<boolean> {
    return this.#engine.isOnDuty === false && this.#isPublished(playId);
  }

  /** It is no node's. */
  async isHeldHere(): Promise<boolean> {
    return false;
  }

  async holderOf(): Promise<undefined> {
    return undefined;
  }

  async releaseStale(): Promise<void> {
    for (const [playId, atMs] of this.#cut) if (atMs + BECOMING_CURRENT_MS <= this.#now()) this.#cut.delete(playId);
  }

  async releaseAll(): Promise<void> {
    this.#cut.clear();
  }

  #isPublished(playId: string): boolean {
    const published = this.#engine.published?.();
    return published === undefined || published.has(`${LIVE_APP}/${playId}`);
  }
}
