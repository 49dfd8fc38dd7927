import type { OutboxEvent } from '../../database/outbox.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import type { ErrorCode } from '../gateway/contract.ts';

const CHANNEL = 'control';

/** What every node has to do at once. Committed with the change that makes it necessary, so that no node misses it. */
export interface Commands {
  /** Somebody has to leave a room: their media, sockets and presence there end. */
  'live.removed': { roomId: string; person: string; code: ErrorCode };
  /** The room became private: those who may not know it leave. */
  'live.hidden': { roomId: string };
  /** Whoever publishes this stream by the old key is cut. */
  'live.keyChanged': { playId: string };
  /** Whoever publishes this stream is cut, and may come back. */
  'live.cut': { playId: string };
  /** Presence that calling enter made ends, on whichever node it is. Told without a commit. */
  'live.left': { roomId: string; person: string };
}
type Name = keyof Commands;
type Handlers = { [Key in Name]: (data: Commands[Key]) => void };

export function command<Key extends Name>(event: Key, data: Commands[Key]): OutboxEvent {
  return { channel: CHANNEL, event, data };
}

/** Hears what every node has to do. */
export class Control {
  readonly #state: StateCenter;
  readonly #handlers: Handlers;
  #unsubscribe: Unsubscribe | undefined;

  constructor(deps: { state: StateCenter; handlers: Handlers }) {
    this.#state = deps.state;
    this.#handlers = deps.handlers;
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#state.subscribe(CHANNEL, {
      deliver: ({ event, data }) => {
        if (isName(event, this.#handlers)) this.#run(event, data);
      },
      // What was missed is put right by the next comparison of rooms with streams.
      reset: () => {},
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Not kept for anybody who does not listen now. */
  async tell<Key extends Name>(event: Key, data: Commands[Key]): Promise<void> {
    await this.#state.publishEphemeral(CHANNEL, event, data);
  }

  #run<Key extends Name>(event: Key, data: unknown): void {
    // Only `command` and `tell` write these names.
    this.#handlers[event](data as Commands[Key]);
  }
}

function isName(event: string, handlers: Handlers): event is Name {
  return Object.hasOwn(handlers, event);
}
