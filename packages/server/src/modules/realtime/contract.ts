import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import type { Site } from '../../engine/contract.ts';
import type { Caller, ErrorCode, Scope } from '../gateway/contract.ts';

/** One family of channels that a module offers, over WebSocket, SSE and polling alike. */
export interface ChannelSource {
  /** Its channels' full names; the first group, if any, is the subject's id. `user:ID` is asked for as `user`. */
  pattern: RegExp;
  /** Logged channels have offsets and resume; ephemeral ones have neither. */
  logged: boolean;
  /** The snapshot is the same for all who came by one site: a thousand who come at once share it. Left out, each gets their own. */
  sharesSnapshot?: boolean;
  /** @throws AppError when this caller may not listen. */
  authorize(channel: string, asker: Asker): Promise<void>;
  /** Everything the channel is about, as of now. */
  snapshot(channel: string, asker: Asker): Promise<unknown>;
  /** An event's kept data as it is shown to those who came by `site`. Called once per site, not per client. */
  render(data: unknown, site: Site): unknown;
  /**
   * Somebody listens from now on, after `authorize` let them; returns what is to be called once when they listen no
   * more. Undefined when nobody is counted. @throws AppError when there is no place for them.
   */
  joined?(channel: string, asker: Asker): Promise<(() => void) | undefined>;
  /** Called once, at the start: the source tells `listener` whenever some may listen no longer (kick, ban, a room made private). */
  onRemoved?(listener: (removal: Removal) => void): void;
}

/** The subscriptions of `channel` on this node that fit end with an error of this code. */
export interface Removal {
  channel: string;
  fits(asker: Asker): boolean | Promise<boolean>;
  code: ErrorCode;
}

/** A caller, as of now, with what their subscription brought. */
export interface Asker {
  caller: Caller;
  /** Play token or owner token. */
  token?: string;
  /** A signed viewer id, by which a person without account is counted once. */
  vid?: string;
}

/** A request that a socket may make, answered by an ack with its result. */
export interface RealtimeCommand {
  type: string;
  /** What an API key needs; without it an API key is refused. */
  scope?: Scope;
  /** Its fields beside `type` and `id`, for the documentation. */
  schema?: z.ZodObject;
  /** @throws AppError or ZodError, which become an `error` reply. */
  run(message: unknown, caller: Caller): Promise<unknown>;
}

const id = z.union([z.string().max(100), z.number()]).optional();
const channel = z.string().regex(/^[A-Za-z0-9_:-]{1,200}$/);
const token = z.string().max(4096);
const vid = z.string().max(500);

const positionText = /^[A-Za-z0-9_-]{1,100}\.\d{1,15}$/;
const toPosition = (text: string) => ({
  epoch: text.slice(0, text.lastIndexOf('.')),
  offset: Number(text.slice(text.lastIndexOf('.') + 1)),
});

/** `{epoch, offset}` or `EPOCH.OFFSET`. */
const sinceSchema = z.union([
  z.object({ epoch: z.string().max(100), offset: z.int().min(0) }),
  z.string().regex(positionText).transform(toPosition),
]);

export const subscribeSchema = z.object({
  id,
  channel,
  since: sinceSchema.nullish(),
  token: token.optional().meta(SECRET),
  vid: vid.optional(),
});
export const unsubscribeSchema = z.object({ id, channel });
export const authSchema = z.object({ id, token: token.meta(SECRET) });
export const pingSchema = z.object({ id });
export const envelopeSchema = z.looseObject({ type: z.string().max(50), id });

export type MessageId = z.output<typeof id>;

/** What a client says, beside the modules' commands (`RealtimeCommand`). */
export const clientMessageSchemas = {
  subscribe: subscribeSchema.extend({ type: z.literal('subscribe') }),
  unsubscribe: unsubscribeSchema.extend({ type: z.literal('unsubscribe') }),
  auth: authSchema.extend({ type: z.literal('auth') }),
  ping: pingSchema.extend({ type: z.literal('ping') }),
} as const;

/** What the server says. SSE and polling give the same `snapshot`, `event` and `error` messages. */
export const serverMessageSchemas = {
  ack: z.object({ type: z.literal('ack'), id, data: z.unknown().optional() }),
  pong: z.object({ type: z.literal('pong'), id }),
  error: z
    .object({
      type: z.literal('error'),
      id,
      channel: z.string().optional(),
      code: z.string(),
      error: z.string(),
      retryAfter: z.number().optional().describe('Seconds to wait before the same may be asked again'),
    })
    .describe(
      'With `channel` there is no subscription to it, or no longer: with `id` it answers a `subscribe`, and may follow its `ack`',
    ),
  snapshot: z
    .object({
      type: z.literal('snapshot'),
      channel: z.string(),
      epoch: z.string(),
      offset: z.int(),
      recovered: z.boolean(),
      stale: z.literal(true).optional(),
      data: z.unknown().optional(),
    })
    .describe(
      '`recovered`: the events that follow are exactly what was missed, and there is no `data`. `stale`: the shared state cannot be reached, so this is the last known',
    ),
  reconnect: z
    .object({ type: z.literal('reconnect'), withinMs: z.int().describe('Choose a moment of your own within it') })
    .describe('The node is about to be stopped: connect anew, to another one, and go on from where every channel is'),
  event: z.object({
    type: z.literal('event'),
    channel: z.string(),
    offset: z.int().optional(),
    event: z.string(),
    data: z.unknown(),
    at: z.number(),
  }),
} as const;

export type ServerMessage = {
  [Type in keyof typeof serverMessageSchemas]: z.input<(typeof serverMessageSchemas)[Type]>;
}[keyof typeof serverMessageSchemas];

/** Most channels of one socket, or of one request of events. */
export const MAX_SUBSCRIPTIONS = 64;

/** `rooms@EPOCH.OFFSET;room:ID@…`, as it stands in `since=` and in `Last-Event-ID`. */
export const vectorSchema = z
  .string()
  .max(16_384)
  .transform((text, context) => {
    const places = new Map<string, z.output<typeof sinceSchema>>();
    for (const entry of text.split(';').filter((part) => part !== '')) {
      const at = entry.indexOf('@');
      const [name, place] = [entry.slice(0, at), entry.slice(at + 1)];
      if (at < 1 || !channel.safeParse(name).success || !positionText.test(place)) {
        context.addIssue({ code: 'custom', message: 'CHANNEL@EPOCH.OFFSET;…' });
        return z.NEVER;
      }
      places.set(name, toPosition(place));
    }
    return places;
  });
export type Vector = z.output<typeof vectorSchema>;

export function vectorText(vector: Vector): string {
  return [...vector].map(([name, { epoch, offset }]) => `${name}@${epoch}.${offset}`).join(';');
}

const channelList = z
  .string()
  .min(1)
  .transform((text) => [...new Set(text.split(','))])
  .pipe(z.array(channel).max(MAX_SUBSCRIPTIONS));

export const eventsQuerySchema = z.object({
  channels: channelList.describe('Channels, separated by commas'),
  since: vectorSchema.optional().describe('`rooms@EPOCH.OFFSET;room:ID@…`; `Last-Event-ID` wins over it'),
  token: token.optional().describe('Play token or owner token of private rooms').meta(SECRET),
  vid: vid.optional().describe('Signed viewer id, so that one person is counted once'),
  wait: z.coerce.number().min(0).max(30).default(0).describe('JSON only: how many seconds to wait for something new'),
});
export type EventsQuery = z.output<typeof eventsQuerySchema>;

export const eventsAnswerSchema = z.object({
  events: z.array(serverMessageSchemas.event),
  since: z.string().describe('Where to go on: the `since` of the next request'),
  snapshots: z.array(serverMessageSchemas.snapshot).optional(),
  errors: z.array(serverMessageSchemas.error).optional(),
});

/** Close codes of the sockets `/ws` and `/signaling`. */
export const CLOSE = {
  /** The server stops. */
  goingAway: 1001,
  tooManyErrors: 1008,
  /** The token expired and was not renewed. */
  expired: 4001,
  /** The login was ended (logout, ban). */
  revoked: 4003,
  /** The client did not read fast enough, or the server lost its place; it resumes by `since`. */
  resume: 4008,
  /** Another connection took this one's place in a room (signaling). */
  replaced: 4009,
} as const;
