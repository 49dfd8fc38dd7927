import { z } from 'zod';
import { SECRET } from '../../../http/secret-fields.ts';

/** Webhooks of one owner; the platform's may be more. */
export const MAX_WEBHOOKS = 10;
export const MAX_PLATFORM_WEBHOOKS = 50;
export const PLATFORM = 'platform';
/** Of `POST …/test`; belongs to no channel. */
export const PING = 'ping';

const url = z
  .url({ protocol: /^https?$/, normalize: true })
  .max(2048)
  .describe('http(s), on a public address; redirects are not followed');
const events = z
  .array(z.string().regex(/^(?:\*|[a-z]{1,30}\.(?:\*|[a-zA-Z_]{1,40}))$/, 'room.live, room.*, or *'))
  .min(1)
  .max(50)
  .describe('Names of events, all of a kind (`gift.*`), or all but those of the chat (`*`)');

export const createWebhookSchema = z.strictObject({
  url,
  events,
  platform: z.boolean().default(false).describe('Of every room, not of my own; for administrators'),
});
export type CreateWebhook = z.output<typeof createWebhookSchema>;
export const updateWebhookSchema = z.strictObject({ url, events, enabled: z.boolean() }).partial();
export type UpdateWebhook = z.output<typeof updateWebhookSchema>;

export const webhookSchema = z.object({
  id: z.string(),
  platform: z.boolean(),
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  failingSince: z.number().optional().describe('Nothing arrived since then, ms since the epoch'),
  givenUpAt: z.number().optional().describe('When it was switched off, having failed for days'),
  createdAt: z.number(),
});
export type Webhook = z.output<typeof webhookSchema>;
export const webhooksSchema = z.array(webhookSchema);
export const createdWebhookSchema = webhookSchema.extend({
  secret: z.string().describe('Shown this once').meta(SECRET),
});
export type CreatedWebhook = z.output<typeof createdWebhookSchema>;

export const deliverySchema = z.object({
  id: z.string(),
  event: z.string(),
  channel: z.string().describe('Deliveries of one channel go out one after the other'),
  state: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.number(),
  nextAt: z.number().optional().describe('When it is tried again, ms since the epoch'),
  lastError: z
    .string()
    .optional()
    .describe('http_STATUS, timeout, connection_failed, host_not_found, address_refused, bad_url, too_many_waiting'),
  createdAt: z.number(),
  doneAt: z.number().optional(),
});
export type Delivery = z.output<typeof deliverySchema>;
export const deliveryPageSchema = z.object({
  deliveries: z.array(deliverySchema).describe('The newest first'),
  next: z.string().optional().describe('The `before` of the next page, if there is one'),
});
export const deliveriesQuerySchema = z.object({
  state: z.enum(['pending', 'delivered', 'dead']).optional(),
  before: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
export type DeliveriesQuery = z.output<typeof deliveriesQuerySchema>;
export const replaySchema = z
  .strictObject({ ids: z.array(z.string().max(64)).min(1).max(100) })
  .nullish()
  .describe('Left out, everything that was given up');
export const replayedSchema = z.object({ replayed: z.number() });

export const webhookParamsSchema = z.object({ id: z.string().max(64) });
export const webhooksQuerySchema = z.object({ platform: z.enum(['true', 'false']).optional() });
export const webhookSuccessSchema = z.object({ success: z.literal(true) });
