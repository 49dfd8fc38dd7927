import { join, resolve } from 'node:path';
import { OperatorError } from '../app/operator-error.ts';
import { backupSqlite } from '../database/backup.ts';
import { describePostgres } from '../database/postgres.ts';
import { checkBackup } from './backup/check.ts';
import { createBackup } from './backup/create.ts';
import type { About } from './backup/manifest.ts';
import { restoreBackup } from './backup/restore.ts';
import type { Command } from './command.ts';
import { asOperator, configOf } from './site.ts';

const backup: Command = {
  name: 'backup',
  usage: 'FILE',
  summary: 'copy the SQLite database to FILE, checked, while the server runs',
  operands: 1,
  run: async ({ flags, operands: [target = ''] }) => {
    const { database, dataDir } = await configOf(flags);
    const { url } = database;
    await asOperator(async () => {
      if (url !== undefined) throw new OperatorError(`PostgreSQL has its own tool: ${dumpLine(url, target)}`);
      await backupSqlite({ file: join(resolve(dataDir), 'kaibo.db'), target });
    });
    console.log(`${resolve(target)}: made and checked. The keys in ${resolve(dataDir)} are not in it; keep them too.`);
    return 0;
  },
};

const create: Command = {
  name: 'backup create',
  usage: 'FOLDER [--no-recordings]',
  summary: 'copy database, keys, files and recordings to a new FOLDER while the server runs',
  options: { 'no-recordings': { type: 'boolean' } },
  operands: 1,
  run: async ({ flags, options, operands: [target = ''], version }) => {
    const config = await configOf(flags);
    const withRecordings = options['no-recordings'] !== true;
    const about = await inOperatorsWords(() => createBackup({ config, target, version, withRecordings }));
    console.log(`${resolve(target)}: ${inWords(about)}`);
    const { url } = config.database;
    if (url !== undefined) console.log(`the database is not in it: ${dumpLine(url, `${resolve(target)}.dump`)}`);
    if (config.s3.bucket !== undefined) console.log(`what is in the bucket ${config.s3.bucket} is not in it`);
    return 0;
  },
};

const check: Command = {
  name: 'backup check',
  usage: 'FOLDER',
  summary: 'read all of a backup and say whether it can be restored',
  operands: 1,
  run: async ({ flags, operands: [source = ''] }) => {
    await configOf(flags);
    const { about } = await inOperatorsWords(() => checkBackup(resolve(source)));
    console.log(`${resolve(source)}: sound, of ${about.madeAt} by Kaibo ${about.kaibo}, ${inWords(about)}`);
    return 0;
  },
};

const restore: Command = {
  name: 'backup restore',
  usage: 'FOLDER [--replace]',
  summary: 'put a backup into dataDir with the server stopped; --replace moves aside what is there',
  options: { replace: { type: 'boolean' } },
  operands: 1,
  run: async ({ flags, options, operands: [source = ''] }) => {
    const config = await configOf(flags);
    const replaces = options['replace'] === true;
    const about = await inOperatorsWords(() => restoreBackup({ config, source, replaces }));
    console.log(`${resolve(config.dataDir)}: restored as it was at ${about.madeAt}, ${inWords(about)}`);
    return 0;
  },
};

export const backupCommands: readonly Command[] = [backup, create, check, restore];

/** A disk that is full or a folder that may not be written is the operator's to put right. */
async function inOperatorsWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await asOperator(work);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    // Reads like "ENOSPC: no space left on device, write"; the path is in it where there is one.
    throw new OperatorError(error.message, { cause: error });
  }
}

function inWords({ fileCount, sizeBytes, recordings }: About): string {
  return `${fileCount} files, ${(sizeBytes / 1e6).toFixed(1)} MB${recordings ? '' : ', without recordings'}`;
}

function dumpLine(url: string, file: string): string {
  return `pg_dump --format=custom --file='${file}' '${describePostgres(url)}'`;
}
