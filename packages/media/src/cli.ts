import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { PortInUseError } from './cluster/ports.ts';
import { MediaConfigError, readMediaConfig } from './config.ts';
import { HttpHooks } from './hooks/http-hooks.ts';
import { OPEN_HOOKS } from './hooks/open-hooks.ts';
import { serverIdentity } from './identity.ts';
import { MediaServer } from './server.ts';

/** `kaibo-media`: the media server alone, with SRS-shaped hooks and API. */
async function main(): Promise<void> {
  const { hooks: hookConfig, logLevel, ...options } = readMediaConfig(process.argv.slice(2));
  const logger = pino({ level: logLevel });
  const { timeoutMs, attempts, ...urls } = hookConfig;
  const http = new HttpHooks({ options: { urls, timeoutMs, attempts }, identity: serverIdentity(), log: logger });
  const server = new MediaServer({ options, hooks: Object.keys(urls).length > 0 ? http : OPEN_HOOKS, logger });
  const ports = await server.start();
  // After a renewal of the certificate, as servers have it. Without one a terminal that closes ends the server.
  if (options.tls !== undefined)
    process.on('SIGHUP', () => {
      server.reloadTls().then(
        () => logger.info('the certificate was read again'),
        (error: unknown) => logger.error({ err: error }, 'the new certificate is not used; the one before goes on'),
      );
    });
  logger.info({ ports }, 'kaibo-media is ready');
  flushCompileCache();
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    await server.stop();
    http.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
}

try {
  await main();
} catch (error) {
  if (!(error instanceof MediaConfigError || error instanceof PortInUseError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
