import type { Caller } from './caller.ts';
import type { ServerMessage } from './realtime/messages.ts';

type Message<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

export interface PollInput {
  channels: readonly string[];
  /** The last answer's `since`; without it there are snapshots. */
  since?: string;
  /** A play token or owner token, for private rooms. */
  token?: string;
  vid?: string;
  /** How long the server may wait for something to happen, at most 30. */
  waitSeconds?: number;
  signal?: AbortSignal;
}

export interface PollAnswer {
  events: Message<'event'>[];
  /** Where to go on. */
  since: string;
  /** Of channels without a `since`, or whose history no longer reaches back. */
  snapshots?: Message<'snapshot'>[];
  /** Channels that may not be listened to. */
  errors?: Message<'error'>[];
}

/** Events by single requests, for programs that keep no connection. `client.realtime()` does this by itself where it must. */
export class EventsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  poll({ channels, since, token, vid, waitSeconds, signal }: PollInput): Promise<PollAnswer> {
    const query = { channels: channels.join(','), since, token, vid, wait: waitSeconds };
    return this.#caller.json('/api/events', { query, signal });
  }
}
