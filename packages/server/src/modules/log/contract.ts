import { z } from 'zod';

export const listAuditSchema = z.object({
  before: z.coerce.number().int().min(1).optional().describe('Entries before this `seq`, for the next page'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  actor: z.string().max(100).optional(),
  action: z.string().max(100).optional(),
  subject: z.string().max(100).optional(),
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
