import { z } from 'zod';

const chatSection = z.strictObject({
  retentionDays: z.int().min(0).max(36_500).default(90).describe('How long what was said is kept; 0 is for ever'),
});

const giftSection = z.strictObject({
  sharePercent: z.int().min(0).max(100).default(50).describe("Percent of a gift's coins that the streamer gets"),
});

/** Of what makes a room alive: a section each, named as its module is. */
export const interactionSections = {
  chat: chatSection.prefault({}),
  gifts: giftSection.prefault({}),
};

/** The same, read. */
export type InteractionConfig = z.output<z.ZodObject<typeof interactionSections>>;
