// The entry of the RTC process. Plain JavaScript, so that the compile cache is on before the first TypeScript is read.
import { enableCompileCache, flushCompileCache } from 'node:module';

async function run({ seed, compileCache }) {
  if (compileCache) enableCompileCache(compileCache);
  const { RtcProcess } = await import('./rtc-process.ts');
  await new RtcProcess(seed, process).start();
  flushCompileCache();
}

process.once('message', (order) => void run(order));
// The parent is gone. libdatachannel's own cleaning up can wait for ever, so it is not asked to.
process.once('disconnect', () => process.exit(0));
