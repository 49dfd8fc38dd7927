import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataLock } from '../../app/data-lock.ts';
import { OperatorError } from '../../app/operator-error.ts';
import type { CommandInput } from '../command.ts';
import { configOf } from '../site.ts';
import { checkAddress } from './address.ts';
import { checkCertificate } from './certificate.ts';
import { fail, reason, type Check, type Finding, type Site } from './check.ts';
import { checkDatabase } from './database.ts';
import { checkMail } from './mail.ts';
import { checkPorts } from './ports.ts';
import { checkFfmpeg, checkFileLimit, checkNode } from './programs.ts';
import { checkRecordings } from './recordings.ts';
import { checkRedis } from './redis.ts';
import { checkDisk, checkSecrets } from './storage.ts';
import { checkWebRtc } from './webrtc.ts';

/** In the order in which they are shown. */
const CHECKS: readonly Check[] = [
  checkNode,
  checkFfmpeg,
  checkFileLimit,
  checkDisk,
  checkSecrets,
  checkRecordings,
  checkPorts,
  checkWebRtc,
  checkDatabase,
  checkRedis,
  checkCertificate,
  checkAddress,
  checkMail,
];
const SUBJECT_WIDTH = 28;

/** Looks at everything that Kaibo needs; 1 when something has to be put right. */
export async function examine({ flags, options }: CommandInput): Promise<number> {
  const config = await configOf(flags);
  const folder = resolve(config.dataDir);
  const site: Site = { config, folder, runningPid: runningPid(folder) };
  const findings = (await Promise.all(CHECKS.map((check) => contained(check, site)))).flat();
  const failed = findings.filter(({ level }) => level === 'FAIL').length;
  if (options['json'] === true) console.log(JSON.stringify({ ok: failed === 0, findings }, null, 2));
  else for (const finding of findings) console.log(lineOf(finding));
  return failed === 0 ? 0 : 1;
}

function lineOf({ level, subject, found, fix }: Finding): string {
  const line = `${level.padEnd(5)} ${subject.padEnd(SUBJECT_WIDTH)} ${found}`;
  return fix === undefined ? line : `${line}\n      ${''.padEnd(SUBJECT_WIDTH)} → ${fix}`;
}

/** A check that breaks is a finding; the others go on. */
async function contained(check: Check, site: Site): Promise<Finding[]> {
  try {
    return await check(site);
  } catch (error) {
    return [
      fail(check.name.replace('check', '').toLowerCase(), reason(error), 'this is a fault of Kaibo: please report it'),
    ];
  }
}

/** The process that holds dataDir. */
function runningPid(folder: string): number | undefined {
  if (!existsSync(join(folder, 'kaibo.lock'))) return undefined;
  const pidFile = join(folder, 'kaibo.pid');
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : Number.NaN;
  try {
    DataLock.take(folder).release();
    return undefined;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return pid;
  }
}
