import { z } from 'zod';

export const oembedQuerySchema = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .describe('Address of a room or a replay on this platform'),
  maxwidth: z.coerce.number().int().min(1).max(100_000).optional().describe('Pixels'),
  maxheight: z.coerce.number().int().min(1).max(100_000).optional().describe('Pixels'),
  format: z.string().max(16).default('json').describe('json or xml'),
});
export type OembedQuery = z.output<typeof oembedQuerySchema>;

/** oEmbed 1.0, 2.3.4: a video. https://oembed.com */
export const oembedSchema = z.object({
  type: z.literal('video'),
  version: z.literal('1.0'),
  title: z.string(),
  author_name: z.string().optional(),
  author_url: z.string().optional(),
  provider_name: z.literal('Kaibo'),
  provider_url: z.string(),
  cache_age: z.number().describe('Seconds'),
  thumbnail_url: z.string().optional(),
  thumbnail_width: z.number().optional(),
  thumbnail_height: z.number().optional(),
  html: z.string().describe('An iframe'),
  width: z.number().describe('Pixels'),
  height: z.number().describe('Pixels'),
});
export type Oembed = z.output<typeof oembedSchema>;
