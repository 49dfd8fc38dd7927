import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import { OperatorError } from './operator-error.ts';

const FILE = 'srs-secrets.json';
const SECRET_BYTES = 32;
const NOT_SHARED =
  'nodes that share a database show SRS the same secrets: set engine.srs.hooksSecret and engine.srs.apiPassword on each (openssl rand -hex 32 makes one)';

const secretsSchema = z.object({ hooksSecret: z.string().min(16), apiPassword: z.string().min(8) });
export type SrsSecrets = z.output<typeof secretsSchema>;

/**
 * What SRS and this platform show each other: the configured ones, and otherwise those that were made once and are kept in
 * the data folder for the owner's eyes only.
 * @throws OperatorError when the file is none, and where other nodes may share the database but not the file
 */
export function srsSecrets(folder: string, { engine, database }: Pick<Config, 'engine' | 'database'>): SrsSecrets {
  const { hooksSecret, apiPassword } = engine.srs;
  if (hooksSecret !== undefined && apiPassword !== undefined) return { hooksSecret, apiPassword };
  if (database.url !== undefined) throw new OperatorError(NOT_SHARED);
  const kept = keptSecrets(join(folder, FILE));
  return { hooksSecret: hooksSecret ?? kept.hooksSecret, apiPassword: apiPassword ?? kept.apiPassword };
}

function keptSecrets(file: string): SrsSecrets {
  if (!existsSync(file)) {
    const made = { hooksSecret: newSecret(), apiPassword: newSecret() };
    writeFileSync(`${file}.new`, `${JSON.stringify(made)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new OperatorError(`${file} cannot be read; remove it to have new secrets made`, { cause: error });
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
