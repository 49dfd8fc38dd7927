import { z } from 'zod';
import { PLAIN_TEXT } from '../auth/contract.ts';

/** A line as it was written: JSON of one object, without secrets. It must not throw. */
export type LogLineListener = (line: string, level: number) => void;

/** Everything that this process logs. Implemented by the logger. */
export interface LogLines {
  /** Returns how to leave. */
  listen(listener: LogLineListener): () => void;
}

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

export const LOG_KINDS = ['app', 'access', 'audit'] as const;
export type LogKind = (typeof LOG_KINDS)[number];
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

const id = z.string().min(1).max(128).regex(PLAIN_TEXT).optional();
const time = z.coerce.number().int().min(0).max(8.64e15).optional();

/** What of the log is asked for; all that is given has to fit. */
export const logFilterSchema = z.object({
  from: time.describe('At or after, ms since the epoch'),
  to: time.describe('Before, ms since the epoch'),
  level: z.enum(LOG_LEVELS).optional().describe('This one and graver ones'),
  kind: z.enum(LOG_KINDS).optional().describe('What the program says, requests, or who did what'),
  node: id.describe('Name of the machine that said it'),
  user: id.describe('Id of the account that it is about'),
  room: id.describe('Id of the room that it is about'),
  stream: id.describe('Name of the stream that it is about'),
  requestId: id.describe('As in an error or in `X-Request-Id`'),
  text: z
    .string()
    .trim()
    .max(200)
    .optional()
    .describe('Words that all occur, each by its beginning; of Chinese and the like any part'),
});
export type LogFilter = z.output<typeof logFilterSchema>;

export const listLogsSchema = logFilterSchema.extend({
  before: z.coerce.number().int().min(1).optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type ListLogs = z.output<typeof listLogsSchema>;

export const exportLogsSchema = logFilterSchema.extend({
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
});
export type ExportLogs = z.output<typeof exportLogsSchema>;

export const logEntrySchema = z.object({
  id: z.number().describe('Grows with time; 0 where it is not kept yet'),
  at: z.number().describe('ms since the epoch'),
  level: z.enum(LOG_LEVELS),
  kind: z.enum(LOG_KINDS),
  node: z.string().describe('Name of the machine that said it'),
  requestId: z.string().optional(),
  user: z.string().optional(),
  room: z.string().optional(),
  stream: z.string().optional(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).describe('What else the line says'),
});
export type LogEntry = z.output<typeof logEntrySchema>;

export const logPageSchema = z.object({
  entries: z.array(logEntrySchema).describe('The newest first'),
  next: z.number().optional().describe('`before` of the next page, where there is one'),
});
export type LogPage = z.output<typeof logPageSchema>;
