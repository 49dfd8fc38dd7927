import type { KaiboError } from '../errors.ts';
import type { ChannelListener, ChannelMessage, Position, ServerMessage } from './messages.ts';

type Snapshot = Extract<ServerMessage, { type: 'snapshot' }>;
type Event = Extract<ServerMessage, { type: 'event' }>;

/** What the channel's place in its log means for an event: new, known already, after a hole, or waiting for its mending. */
export type Verdict = 'delivered' | 'duplicate' | 'gap' | 'held';

/** One channel of a `RealtimeClient`: its listeners and how far they have been told. */
export class Channel {
  readonly name: string;
  readonly listeners = new Set<ChannelListener>();
  /** Sent along with every subscribe: a play token or owner token, for channels of private rooms. */
  token: string | undefined;
  /** The viewer as whom to be counted. */
  vid: string | undefined;
  /** Told why the server does not let us listen. */
  onRefused: ((error: KaiboError) => void) | undefined;
  /** The server does not let us listen; transports that ask again and again leave it out until the next connection. */
  isRefused = false;
  #position: Position | null = null;
  /** A hole was reported; what comes before the answering snapshot would be out of order. */
  #resyncing = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Where to go on after a reconnect; null asks for a snapshot. */
  get position(): Position | null {
    return this.#position;
  }

  /** The next subscribe asks for a whole snapshot. */
  forget(): void {
    this.#position = null;
  }

  refuse(error: KaiboError): void {
    this.isRefused = true;
    this.onRefused?.(error);
  }

  snapshot(message: Snapshot): void {
    this.#resyncing = false;
    const resumed = message.recovered && this.#position?.epoch === message.epoch;
    if (resumed) return; // The missed events follow, from our own position on.
    this.#position = { epoch: message.epoch, offset: message.offset };
    this.#tell({ kind: 'snapshot', channel: this.name, data: message.data });
  }

  event(message: Event): Verdict {
    const { offset } = message;
    if (offset !== undefined && this.#position) {
      if (offset <= this.#position.offset) return 'duplicate';
      if (this.#resyncing) return 'held';
      if (offset > this.#position.offset + 1) {
        this.#resyncing = true;
        return 'gap';
      }
      this.#position = { epoch: this.#position.epoch, offset };
    }
    this.#tell({ kind: 'event', channel: this.name, offset, event: message.event, data: message.data, at: message.at });
    return 'delivered';
  }

  #tell(message: ChannelMessage): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(message);
      } catch (error) {
        // One listener's fault must not keep the others from hearing; it still reaches the page's error reporting.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
