import { z } from 'zod';
import { roomSchema } from '../live/contract.ts';
import { recordingSchema } from '../recording/contract.ts';
import { foundUserSchema } from '../user/contract.ts';

export const searchQuerySchema = z.object({
  q: z.string().trim().min(1).max(100).describe('Part of a title or name, in any case'),
  limit: z.coerce.number().int().min(1).max(50).default(20).describe('Of each kind'),
});

/** What has it in its title or name. Nothing private, nobody who is banned, and nothing of theirs. */
export const searchAnswerSchema = z.object({
  rooms: z.array(roomSchema).describe('Open ones, live ones first'),
  users: z.array(foundUserSchema.extend({ live: z.string().optional().describe('The room in which they are live') })),
  replays: z.array(recordingSchema).describe('The newest first'),
});
export type SearchAnswer = z.output<typeof searchAnswerSchema>;
