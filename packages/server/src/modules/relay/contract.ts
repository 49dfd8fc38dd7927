import { z } from 'zod';
import { lineSchema } from '../../http/plain-text.ts';
import { PLAIN_TEXT } from '../auth/contract.ts';

/** On `control`: the targets of a room were changed; the node that carries its stream acts on it. Without data. */
export const RELAY_CHANGED = 'relay.changed';

const nameSchema = lineSchema(50);
/** What it has to be is the service's: it is refused with words of its own, and never repeated. */
const urlSchema = z
  .string()
  .trim()
  .min(1)
  .max(2048)
  .describe('`rtmp://` or `rtmps://`, the server, the application and the stream key; never shown again');

export const createRelaySchema = z.object({
  name: nameSchema.optional(),
  url: urlSchema,
  enabled: z.boolean().default(true),
});
export type CreateRelayInput = z.output<typeof createRelaySchema>;

export const updateRelaySchema = z
  .object({ name: nameSchema.nullable(), url: urlSchema, enabled: z.boolean() })
  .partial();
export type UpdateRelayInput = z.output<typeof updateRelaySchema>;

export const relayStatusSchema = z.object({
  state: z
    .enum(['idle', 'connecting', 'pushing', 'waiting', 'failed'])
    .describe(
      'idle: not live, or turned off. waiting: tried again soon. failed: somebody has to look; tried again rarely',
    ),
  since: z.number().optional().describe('ms since the epoch'),
  sentBytes: z.number(),
  bitrateBps: z.number(),
  attempts: z.number().describe('Connections that failed since one last held'),
  error: z
    .object({ code: z.string().describe('Stable, for programs'), message: z.string() })
    .optional()
    .describe('Of the last connection that failed'),
});
export type RelayStatus = z.output<typeof relayStatusSchema>;

export const relaySchema = z.object({
  id: z.string(),
  name: z.string().optional(),
  url: z.string().describe('Without its key: `rtmp://live.twitch.tv/app/live_****`'),
  enabled: z.boolean(),
  createdAt: z.number().describe('ms since the epoch'),
  status: relayStatusSchema,
});
export type Relay = z.output<typeof relaySchema>;
export const relaysSchema = z.array(relaySchema);

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const relayParamsSchema = roomParamsSchema.extend({ id: z.string().max(64).regex(PLAIN_TEXT) });
export const successSchema = z.object({ success: z.literal(true) });
