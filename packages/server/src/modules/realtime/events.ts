import type { ServerResponse } from 'node:http';
import { asAppError } from '../../sockets/connection.ts';
import type { Caller } from '../gateway/contract.ts';
import type { Subscription } from './channels.ts';
import type { EventsQuery, Vector } from './contract.ts';
import { EventStream } from './event-stream.ts';
import type { FeedMember } from './feed.ts';
import type { FeedMessage } from './message.ts';
import { Poll } from './poll.ts';
import type { RealtimeService } from './service.ts';

/** What both forms of `/api/events` do with what their channels say. */
interface Sink {
  take(channel: string, messages: readonly FeedMessage[]): void;
  say(message: object): void;
}

interface Asked {
  caller: Caller;
  query: EventsQuery;
}

/** The channels of one request: those that let it in, and what the others answered. */
class Visit {
  readonly #service: RealtimeService;
  readonly #asked: Asked;
  readonly #entered = new Map<string, Subscription>();
  readonly #refused = new Map<string, unknown>();
  #sink: Sink | undefined;

  constructor(service: RealtimeService, asked: Asked) {
    this.#service = service;
    this.#asked = asked;
  }

  /** @throws what the first channel answered, when none let us in. */
  async enter(): Promise<void> {
    const { channels } = this.#asked.query;
    await Promise.all(
      channels.map(async (channel) => {
        try {
          this.#entered.set(channel, await this.#service.channels.enter(channel, this.#member(channel)));
        } catch (error) {
          this.#refused.set(channel, error);
        }
      }),
    );
    const [first = ''] = channels;
    if (this.#entered.size === 0) throw this.#refused.get(first);
  }

  /** Each channel's start, all of them at the same time; from then on everything goes to `sink`. */
  async begin(sink: Sink, since: Vector): Promise<void> {
    this.#sink = sink;
    for (const channel of this.#asked.query.channels)
      if (this.#refused.has(channel)) this.#tell(channel, this.#refused.get(channel));
    const places = new Map(since);
    await Promise.all(
      [...this.#entered].map(async ([channel, subscription]) => {
        try {
          await subscription.begin(places.get(channel));
        } catch (error) {
          this.#end(channel, error);
        }
      }),
    );
  }

  leave(presenceMs?: number): void {
    for (const subscription of this.#entered.values()) subscription.leave(presenceMs);
    this.#entered.clear();
  }

  #member(channel: string): FeedMember {
    const { caller, query } = this.#asked;
    const asker = { caller, token: query.token, vid: query.vid };
    return {
      asker: () => asker,
      inflates: false,
      take: ({ messages }) => this.#sink?.take(channel, messages),
      end: (why) => this.#end(channel, why),
    };
  }

  #end(channel: string, why: unknown): void {
    this.#entered.get(channel)?.leave();
    this.#entered.delete(channel);
    this.#tell(channel, why);
  }

  #tell(channel: string, why: unknown): void {
    const { caller } = this.#asked;
    const refusal = asAppError(why, caller);
    const { code, retryAfterSeconds: retryAfter } = refusal;
    const error = refusal.words(caller.language);
    this.#sink?.say({ type: 'error', channel, code, error, ...(retryAfter === undefined ? {} : { retryAfter }) });
  }
}

/** Where the client stands, of the channels it asks for. */
function vectorOf({ channels, since }: EventsQuery): Vector {
  return new Map([...(since ?? [])].filter(([channel]) => channels.includes(channel)));
}

/** `text/event-stream`, until one side ends it. @throws AppError when no channel lets the caller in. */
export async function streamEvents(
  service: RealtimeService,
  { caller, query, begin }: Asked & { begin(): { response: ServerResponse; headers: Record<string, string> } },
): Promise<void> {
  const { roster, options } = service;
  const visit = new Visit(service, { caller, query });
  await visit.enter();
  try {
    roster.assertPlace(caller);
  } catch (error) {
    visit.leave();
    throw error;
  }
  const { response, headers } = begin();
  if (response.destroyed) {
    visit.leave();
    return;
  }
  const vector = vectorOf(query);
  const stream = new EventStream({
    response,
    headers,
    caller,
    vector,
    heartbeatMs: options.heartbeatMs,
    maxQueueBytes: options.maxQueueBytes,
    onEnd: () => {
      roster.delete(stream);
      visit.leave();
    },
    onCut: (reason) => service.traffic.cut(reason),
  });
  roster.add(stream, 'sse');
  await visit.begin(stream, vector);
}

/** The JSON answer: at once, or when there is news. @throws AppError when no channel lets the caller in. */
export async function pollEvents(
  service: RealtimeService,
  { caller, query, gone }: Asked & { gone: AbortSignal },
): Promise<string> {
  const { roster, options } = service;
  const vector = vectorOf(query);
  const visit = new Visit(service, { caller, query });
  const poll = new Poll({ caller, vector });
  await visit.enter();
  try {
    roster.assertPlace(caller);
    roster.add(poll, 'poll');
    await visit.begin(poll, vector);
    if (query.wait > 0) await poll.wait(query.wait * 1000, gone);
    return poll.answer();
  } finally {
    roster.delete(poll);
    visit.leave(options.pollPresenceMs);
  }
}
