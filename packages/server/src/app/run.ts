import { setTimeout as delay } from 'node:timers/promises';
import { banner } from './banner.ts';
import { loadConfig } from './config.ts';
import { startKaibo, type Kaibo } from './kaibo.ts';
import { openLogFile } from './log-file.ts';
import { createLogger, isPretty } from './logger.ts';

/** A clean stop is over by then, or it is not clean. */
const STOP_DEADLINE_MS = 4700;

/**
 * `kaibo start`: runs until SIGTERM or SIGINT, then ends the process with 0; a second signal ends it at once.
 * @throws ConfigError, OperatorError
 */
export async function runServer({ flags, version }: { flags: readonly string[]; version: string }): Promise<void> {
  const { config, origins, warnings } = await loadConfig({ flags, env: process.env });
  // A full disk under a redirected output, or a reader that went away, stops nothing.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
  const file = await openLogFile(config.log.file, (message) => void process.stderr.write(`${message}\n`));
  const { logger, lines } = createLogger(config.log, process.stdout, file);
  for (const warning of warnings) logger.warn(warning);
  const signal = firstSignal();
  const kaibo = await startKaibo({ config, origins, version, logger, logLines: lines });
  if (isPretty(config.log, process.stdout)) process.stdout.write(banner(kaibo, { config, version }));
  const first = kaibo.setup();
  if (first !== undefined)
    logger.info({ file: first.file }, 'no account yet: the set-up token of the first one is in this file');
  logger.info({ ...kaibo.ports, pid: process.pid }, 'ready');
  logger.info({ signal: await signal }, 'stopping');
  const code = await stopInTime(kaibo, (message) => logger.error(message));
  await file?.close();
  process.exit(code);
}

async function stopInTime(kaibo: Kaibo, complain: (message: string) => void): Promise<number> {
  const late = delay(STOP_DEADLINE_MS, 'late' as const, { ref: false });
  const outcome = await Promise.race([kaibo.stop().then(() => 'stopped' as const), late]);
  if (outcome === 'late') complain('not everything was closed in time; leaving anyway');
  return 0;
}

function firstSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let seen = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (seen) process.exit(130);
      seen = true;
      resolve(name);
    });
  }
  return promise;
}
