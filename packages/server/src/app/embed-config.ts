import { z } from 'zod';

const ANCESTOR = /^(?:\*|https?:\/\/(?:\*\.)?(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::(?:\d{1,5}|\*))?)$/;

/** `embed` of the configuration. */
export const embedSection = z.strictObject({
  frameAncestors: z
    .array(z.string().regex(ANCESTOR, 'an origin such as https://example.org, https://*.example.org, or *'))
    .max(100)
    .default(['*'])
    .describe('Origins whose pages may show the player (/embed/…) in a frame; * is all, none only our own'),
});
