import type { MediaPacket } from '@kaibo/formats';
import type { AudioChoice } from './framing.ts';

/** Newcomers wait this long for the AAC of a stream that has it made; then they begin with pictures alone. */
export const ALTERNATE_WAIT_MS = 1000;

/**
 * The second audio codec of a stream: AAC, made of a browser's Opus while anybody wants it (transcode/audio-bridge.ts).
 * Knows whether there is a choice at all, who chooses AAC, and whether it is still worth waiting for. A viewer that
 * chose AAC never gets Opus in its place: its decoder was set up for one codec, and would have to change it when the
 * AAC comes after all. Without it the viewer has pictures alone.
 */
export class AudioAlternate {
  #onUnavailable: () => void;
  #bridged = false;
  #placed = false;
  #sourceCodec: MediaPacket['codec'] | undefined;
  #demand = 0;
  #listeners = new Set<(wanted: boolean) => void>();
  #unavailable = false;
  #wait: NodeJS.Timeout | undefined;
  #lastMs = -1;

  /** `onUnavailable`: whoever waits for AAC need not wait any longer. */
  constructor(onUnavailable: () => void) {
    this.#onUnavailable = onUnavailable;
  }

  /** Another publisher, or a mirror of one, begins. */
  begin({ placed, bridged }: { placed: boolean; bridged: boolean }): void {
    this.#placed = placed;
    this.#bridged = bridged;
    this.#sourceCodec = undefined;
    this.#stopWaiting();
  }

  /** There are two codecs to choose from, or will be. */
  get exists(): boolean {
    return this.#bridged && this.#sourceCodec === 'opus';
  }

  get wanted(): boolean {
    return this.#demand > 0;
  }

  get bridged(): boolean {
    return this.#bridged;
  }

  /**
   * Learns what the feed's audio is. A mirror's packets have been through the wire, which does not tell an alternate:
   * it is what comes in another codec than the first.
   */
  meet(packet: MediaPacket): void {
    if (!this.#bridged || packet.kind !== 'audio') return;
    if (this.#placed && this.exists && packet.codec !== 'opus') packet.alternate = true;
    else this.#sourceCodec = packet.codec;
  }

  /** Marks a packet that was made here. False for one that has no place: no choice (any more), or time gone back. */
  take(packet: MediaPacket): boolean {
    if (!this.exists || (!packet.config && packet.dtsMs <= this.#lastMs)) return false;
    if (!packet.config) this.#lastMs = packet.dtsMs;
    packet.alternate = true;
    return true;
  }

  /** One more that chooses AAC; the result is to be called when it goes. */
  want(): () => void {
    if (++this.#demand === 1) this.#tell(true);
    let wants = true;
    return () => {
      if (!wants) return;
      wants = false;
      if (--this.#demand > 0) return;
      this.#stopWaiting(); // the next one's wait is its own
      this.#tell(false);
    };
  }

  /** Told now, when AAC is wanted, and with each change. The result ends it. */
  onDemand(listener: (wanted: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.wanted) listener(true);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a newcomer that chose so waits for the configuration. The first one's wait is everybody's. */
  isAwaited(choice: AudioChoice, hasConfig: boolean): boolean {
    if (choice === 'opus' || !this.exists || hasConfig || this.#unavailable) return false;
    this.#wait ??= setTimeout(() => this.giveUp(), ALTERNATE_WAIT_MS).unref();
    return true;
  }

  /** It will not come (soon). */
  giveUp(): void {
    this.#stopWaiting();
    this.#unavailable = true;
    this.#onUnavailable();
  }

  close(): void {
    this.#stopWaiting();
    this.#listeners.clear();
  }

  #stopWaiting(): void {
    clearTimeout(this.#wait);
    this.#wait = undefined;
    this.#unavailable = false;
  }

  #tell(wanted: boolean): void {
    for (const listener of [...this.#listeners]) listener(wanted);
  }
}

/** Of a stream with a choice: whether a packet is for who chose so. */
export function isChosen({ kind, alternate }: MediaPacket, choice: AudioChoice): boolean {
  return kind !== 'audio' || alternate === (choice === 'aac');
}
