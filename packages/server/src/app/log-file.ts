import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import openRollingFile from 'pino-roll';
import type { SonicBoom } from 'sonic-boom';
import type { Config } from './config.ts';
import type { LogOutput } from './logger.ts';
import { OperatorError } from './operator-error.ts';

/** Kept in memory while the disk does not take it; more is lost. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** For the last lines. */
const CLOSE_WAIT_MS = 1000;
/** At most one complaint so often. */
const COMPLAIN_EVERY_MS = 60_000;

export interface LogFile extends LogOutput {
  /** What the disk takes within a moment is there. Idempotent. */
  close(): Promise<void>;
}

/**
 * Rolling files, written off the request path in this process. A disk that is full or gone is complained of, and lines
 * are lost in it; it stops nothing, and what comes when it is back is written again.
 * @throws OperatorError when the first file cannot be opened
 */
export async function openLogFile(
  { path, maxBytes, daily, keep }: Config['log']['file'],
  complain: (message: string) => void,
): Promise<LogFile | undefined> {
  if (path === undefined) return undefined;
  const file = resolve(path);
  const failed = (error: unknown): OperatorError =>
    new OperatorError(`log.file.path: ${file} cannot be written: ${String(error)}`, { cause: error });
  const stream = await openRollingFile({
    file,
    size: `${maxBytes}b`,
    ...(daily ? { frequency: 'daily' } : {}),
    limit: { count: keep, removeOtherLogFiles: true },
    mkdir: true,
    mode: 0o600,
    maxLength: MAX_WAITING_BYTES,
  }).catch((error: unknown) => Promise.reject(failed(error)));
  await new Promise<void>((ready, refuse) => {
    stream.once('ready', ready);
    stream.once('error', (error: Error) => refuse(failed(error)));
  });
  stream.removeAllListeners('error');
  let lost = 0;
  let complainedAtMs = Number.NEGATIVE_INFINITY;
  stream.on('error', (error: Error) => {
    if (performance.now() - complainedAtMs < COMPLAIN_EVERY_MS) return;
    complainedAtMs = performance.now();
    complain(`the log file ${file} cannot be written: ${error.message}; lines lost so far: ${lost}`);
  });
  // SonicBoom's word for what did not fit; `drain` is the other one.
  stream.on('drop', () => lost++);
  let closing: Promise<void> | undefined;
  return {
    write: (line) => closing !== undefined || stream.write(line),
    close: () => (closing ??= finish(stream)),
  };
}

/** SonicBoom's own `flushSync` tries for ever where the disk is full. */
async function finish(stream: SonicBoom): Promise<void> {
  const closed = once(stream, 'close').catch(() => {});
  stream.end();
  await Promise.race([closed, delay(CLOSE_WAIT_MS, undefined, { ref: false })]);
  stream.destroy();
}
