import type { MediaEngine, RtcSignaling } from '../../engine/contract.ts';

/** Whoever has a session with the media engine. */
export interface SessionOwner {
  /** The engine ended it. */
  sessionClosed(sessionId: string, reason: string): void;
}

/** Which session of the media engine is whose, of this node. */
export class MediaSessions {
  readonly #engine: Pick<MediaEngine, 'rtc'>;
  readonly #owners = new Map<string, SessionOwner>();
  #leave: (() => void) | undefined;

  constructor(engine: Pick<MediaEngine, 'rtc'>) {
    this.#engine = engine;
  }

  get size(): number {
    return this.#owners.size;
  }

  /** Undefined where the engine has no WebRTC. */
  get rtc(): RtcSignaling | undefined {
    return this.#engine.rtc;
  }

  opened(sessionId: string, owner: SessionOwner): void {
    this.#leave ??= this.rtc?.onClosed((id, reason) => {
      const found = this.#owners.get(id);
      this.#owners.delete(id);
      found?.sessionClosed(id, reason);
    });
    this.#owners.set(sessionId, owner);
  }

  /** Ends it in the engine; nobody is told. */
  async end(sessionId: string): Promise<void> {
    this.#owners.delete(sessionId);
    await this.rtc?.close(sessionId);
  }

  /** The engine is no longer listened to. */
  close(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
