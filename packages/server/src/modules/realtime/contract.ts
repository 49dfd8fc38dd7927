import { z } from 'zod';
import type { Site } from '../../engine/contract.ts';
import type { Caller } from '../gateway/contract.ts';

/** One family of channels that a module offers on the socket. */
export interface ChannelSource {
  /** Its channels' full names; the first group, if any, is the subject's id. */
  pattern: RegExp;
  /** Logged channels have offsets and resume; ephemeral ones have neither. */
  logged: boolean;
  /** @throws AppError when this caller may not listen. */
  authorize(channel: string, asker: Asker): Promise<void>;
  /** Everything the channel is about, as of now. */
  snapshot(channel: string, asker: Asker): Promise<unknown>;
  /**
   * Somebody listens from now on, after `authorize` let them; returns what is to be called once when they listen no
   * more. Undefined when nobody is counted. @throws AppError when there is no place for them.
   */
  joined?(channel: string, asker: Asker): Promise<(() => void) | undefined>;
  /** An event's kept data as it is shown to those who came by `site`. Called once per site, not per client. */
  render(data: unknown, site: Site): unknown;
}

/** A caller with the token that a message brought. */
export interface Asker {
  caller: Caller;
  token?: string;
  /** A signed viewer id, by which a person without account is counted once. */
  vid?: string;
}

/** A request that a socket may make, answered by an ack with its result. */
export interface RealtimeCommand {
  type: string;
  /** @throws AppError or ZodError, which become an `error` reply. */
  run(message: unknown, caller: Caller): Promise<unknown>;
}

const id = z.union([z.string().max(100), z.number()]).optional();
const channel = z.string().min(1).max(200);
const position = z.object({ epoch: z.string().max(100), offset: z.int().min(0) });

/** `{epoch, offset}` or `EPOCH.OFFSET`. */
const sinceSchema = z.union([
  position,
  z
    .string()
    .max(120)
    .regex(/^[^.]+\.\d{1,15}$/)
    .transform((text) => ({
      epoch: text.slice(0, text.lastIndexOf('.')),
      offset: Number(text.slice(text.lastIndexOf('.') + 1)),
    })),
]);

export const subscribeSchema = z.object({
  id,
  channel,
  since: sinceSchema.nullish(),
  token: z.string().max(500).optional(),
});
export const unsubscribeSchema = z.object({ id, channel });
export const envelopeSchema = z.looseObject({ type: z.string().max(50), id });

export type MessageId = z.output<typeof id>;

/** What the server says. */
export type ServerMessage =
  | { type: 'ack'; id: MessageId; data?: unknown }
  | { type: 'pong'; id: MessageId }
  | { type: 'error'; id: MessageId; code: string; error: string }
  /** `recovered`: the events that follow are exactly what was missed, and there is no `data`. */
  | { type: 'snapshot'; channel: string; epoch: string; offset: number; recovered: boolean; data?: unknown }
  | { type: 'event'; channel: string; offset?: number; event: string; data: unknown; at: number };

/** Close codes of the socket. */
export const CLOSE = {
  /** The server stops. */
  goingAway: 1001,
  tooManyErrors: 1008,
  /** The client did not read fast enough; it resumes by `since`. */
  slow: 4008,
} as const;
