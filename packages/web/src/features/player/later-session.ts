import type { PlaySession, SessionOptions } from './play-session.ts';

/**
 * A session whose own code is loaded when it opens: of the ways to play, a page loads the one that it goes. Until then it
 * stands still, as any session does before its first picture.
 */
export class LaterSession implements PlaySession {
  readonly #load: (options: SessionOptions) => Promise<PlaySession>;
  #options: SessionOptions;
  #session: PlaySession | undefined;
  #destroyed = false;

  constructor(load: (options: SessionOptions) => Promise<PlaySession>, options: SessionOptions) {
    this.#load = load;
    this.#options = options;
  }

  async open(): Promise<void> {
    const { quality, behindS } = this.#options;
    const session = await this.#load(this.#options);
    if (this.#destroyed) return;
    this.#session = session;
    this.#options.events.onLoaded();
    // Wished for while the code was on its way.
    if (this.#options.quality !== quality) session.setQuality?.(this.#options.quality);
    if (this.#options.behindS !== undefined && this.#options.behindS !== behindS)
      session.seekBehind?.(this.#options.behindS);
    await session.open();
  }

  progress(): number {
    return this.#session?.progress() ?? 0;
  }

  delayS(): number {
    return this.#session?.delayS() ?? this.#options.behindS ?? 0;
  }

  keepUp(stuckMs: number): boolean {
    return this.#session?.keepUp(stuckMs) ?? false;
  }

  jumpToLive(): void {
    this.#session?.jumpToLive();
  }

  pastS(): number {
    return this.#session?.pastS?.() ?? 0;
  }

  seekBehind(behindS: number): void {
    if (this.#session) this.#session.seekBehind?.(behindS);
    else this.#options = { ...this.#options, behindS };
  }

  setQuality(quality: string): void {
    if (this.#session) this.#session.setQuality?.(quality);
    else this.#options = { ...this.#options, quality };
  }

  destroy(): void {
    this.#destroyed = true;
    this.#session?.destroy();
  }
}
