import type { DanmakuItem } from './danmaku-item.ts';

/** How many ids are remembered, so that what comes by two ways is shown once. */
const MAX_REMEMBERED = 1_000;

export interface DanmakuListener {
  add(item: DanmakuItem): void;
  remove(matches: (item: DanmakuItem) => boolean): void;
  clear(): void;
}

/** What flies, for whoever draws it: one listener, and each message once. */
export class DanmakuFeed {
  readonly #seen = new Set<string>();
  #listener: DanmakuListener | null = null;

  /** Returns the function that ends it. */
  listen(listener: DanmakuListener): () => void {
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = null;
    };
  }

  add(item: DanmakuItem): void {
    if (this.#seen.has(item.id)) return;
    this.#seen.add(item.id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_REMEMBERED) break;
      this.#seen.delete(oldest);
    }
    this.#listener?.add(item);
  }

  remove(matches: (item: DanmakuItem) => boolean): void {
    this.#listener?.remove(matches);
  }

  /** Another place in a replay: everything may come again. */
  clear(): void {
    this.#seen.clear();
    this.#listener?.clear();
  }
}
