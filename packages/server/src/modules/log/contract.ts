import { z } from 'zod';
import { PLAIN_TEXT } from '../auth/contract.ts';

const filter = z.string().max(100).regex(PLAIN_TEXT).optional();

export const listAuditSchema = z.object({
  before: z.coerce.number().int().min(1).optional().describe('Entries before this `seq`, for the next page'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  actor: filter,
  action: filter,
  subject: filter,
});
export type ListAudit = z.output<typeof listAuditSchema>;

export const auditEntrySchema = z.object({
  seq: z.number(),
  at: z.number().describe('ms since the epoch'),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()),
  address: z.string().nullable(),
});
export const auditEntriesSchema = z.array(auditEntrySchema);
export type AuditView = z.output<typeof auditEntrySchema>;
