import { z } from 'zod';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const MIB = 1024 ** 2;

/** What is logged, and where it goes. */
export const logSection = z.strictObject({
  level: z.enum(LEVELS).default('info').describe('Least level that is logged'),
  format: z.enum(['auto', 'pretty', 'json']).default('auto').describe('pretty, json, or auto: pretty on a terminal'),
  access: z
    .enum(['notable', 'all'])
    .default('notable')
    .describe('Requests that have a line at level info: notable (changes, faults, slow ones) or all; others at debug'),
  file: z
    .strictObject({
      path: z
        .string()
        .min(1)
        .optional()
        .describe('Also logged to files, as JSON: logs/kaibo.log is logs/kaibo.1.log and so on; left out, to none'),
      maxBytes: z
        .int()
        .min(1000)
        .max(Number.MAX_SAFE_INTEGER)
        .default(50 * MIB)
        .describe('A new file is begun when one is this large'),
      daily: z.boolean().default(false).describe('A new file is begun at midnight, too'),
      keep: z.int().min(1).max(10_000).default(10).describe('Files kept beside the one that is written'),
    })
    .prefault({}),
  store: z
    .strictObject({
      level: z
        .enum(LEVELS)
        .default('info')
        .describe('Least level that is kept in the database, to be searched; silent keeps none'),
      keepDays: z.int().min(1).max(36_500).default(30).describe('Lines older than this are deleted there'),
      maxRows: z
        .int()
        .min(1000)
        .max(100_000_000)
        .default(500_000)
        .describe('… and the oldest of more than this; audit entries are kept and not counted'),
    })
    .prefault({}),
});

export type LogLevel = (typeof LEVELS)[number];
