import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OperatorError } from '../../app/operator-error.ts';

/** Says what a folder is; written last, so that a folder without it is no backup. */
export const ABOUT_FILE = 'backup.json';
/** As `sha256sum --check` reads it. */
export const SUMS_FILE = 'SHA256SUMS';

const aboutSchema = z.object({
  kaibo: z.string(),
  madeAt: z.iso.datetime(),
  /** PostgreSQL is backed up by its own tool. */
  database: z.enum(['sqlite', 'postgres']),
  recordings: z.boolean(),
  fileCount: z.int(),
  sizeBytes: z.int(),
});

export type About = z.output<typeof aboutSchema>;

/** Relative path with `/`, and the SHA-256 of its content in hex. */
export type Sums = ReadonlyMap<string, string>;

const LINE = /^([0-9a-f]{64}) {2}(.+)$/;

export function sumsText(sums: Sums): string {
  return [...sums].map(([path, sum]) => `${sum}  ${path}\n`).join('');
}

/** @throws OperatorError when the folder is no whole backup */
export function readBackup(folder: string): { about: About; sums: Sums } {
  if (!existsSync(join(folder, ABOUT_FILE))) throw new OperatorError(`${folder} is no backup: it has no ${ABOUT_FILE}`);
  const about = aboutSchema.safeParse(JSON.parse(readFileSync(join(folder, ABOUT_FILE), 'utf8')));
  if (!about.success) throw new OperatorError(`${join(folder, ABOUT_FILE)} is not as kaibo backup create writes it`);
  const sums = new Map<string, string>();
  for (const line of readFileSync(join(folder, SUMS_FILE), 'utf8').split('\n').slice(0, -1)) {
    const [, sum = '', path = ''] = LINE.exec(line) ?? [];
    // Nothing may be written outside of the platform's own folders, whoever made the backup.
    if (sum === '' || path.startsWith('/') || path.split('/').includes('..'))
      throw new OperatorError(`${join(folder, SUMS_FILE)} has a line that is not as it should be: ${line}`);
    sums.set(path, sum);
  }
  return { about: about.data, sums };
}

export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
