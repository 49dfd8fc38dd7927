import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../app/config.ts';
import type { Bucket } from '../../storage/contract.ts';
import { openBucket } from '../../storage/index.ts';
import { fail, ok, reason, warn, type Check, type Finding } from './check.ts';

const GIB = 1024 ** 3;
const ANSWER_MS = 10_000;

/** Room for recordings, and the bucket that they are moved to. */
export const checkRecordings: Check = async ({ config, folder }) => {
  if (!config.recording.enabled) return [ok('recordings', 'turned off')];
  const path = resolve(config.recording.folder ?? join(folder, 'recordings'));
  return [await checkFolder(path, config), ...(await checkBucket(config))];
};

async function checkFolder(path: string, { recording, media }: Config): Promise<Finding> {
  const place = nearest(path);
  try {
    accessSync(place, constants.W_OK);
  } catch {
    return fail('recordings', `${place} may not be written by this user`, 'chown it, or set recording.folder');
  }
  const { bavail, bsize } = await statfs(place);
  const found = `${((bavail * bsize) / GIB).toFixed(1)} GiB free for ${path}`;
  const least = Math.max(recording.minFreeBytes, media.record.minFreeBytes);
  if (bavail * bsize >= least) return ok('recordings', found);
  return warn(
    'recordings',
    `${found}, less than is to be left free`,
    'free some, or set recording.folder or s3.bucket',
  );
}

/** The folder, or the one above in which it will be made. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

async function checkBucket(config: Config): Promise<Finding[]> {
  const bucket = await openBucket(config.s3);
  if (bucket === undefined) return [];
  const subject = `bucket ${bucket.name}`;
  const key = `.doctor-${randomUUID()}`;
  try {
    await bucket.putBytes(key, Buffer.from('kaibo doctor'), 'text/plain');
    const findings = [ok(subject, 'takes files'), ...(await checkCors(bucket, { key, config, subject }))];
    await bucket.delete(key);
    return findings;
  } catch (error) {
    return [fail(subject, reason(error), 'correct s3.*; may this key put, get and delete objects there?')];
  } finally {
    bucket.close();
  }
}

/** A page may read what it is redirected to only where the bucket says so. */
async function checkCors(
  bucket: Bucket,
  { key, config, subject }: { key: string; config: Config; subject: string },
): Promise<Finding[]> {
  if (!bucket.redirects) return [];
  const origin = new URL(config.publicUrl ?? `http://localhost:${config.http.port}`).origin;
  const url = await bucket.signedUrl(key, { type: 'text/plain' });
  const answer = await fetch(url, { headers: { origin }, signal: AbortSignal.timeout(ANSWER_MS) });
  await answer.arrayBuffer();
  const allowed = answer.headers.get('access-control-allow-origin');
  if (answer.ok && (allowed === '*' || allowed === origin)) return [ok(subject, `lets pages of ${origin} read`)];
  const found = `does not let pages of ${origin} read (CORS)`;
  return [warn(subject, found, 'add a CORS rule to the bucket (docs/recording.md), or set s3.redirect: false')];
}
