// The entry of a media thread. Plain JavaScript, so that the compile cache is on before the first TypeScript is read.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

if (workerData.compileCache) enableCompileCache(workerData.compileCache);
const { MediaWorker } = await import('./worker.ts');
await new MediaWorker(workerData, parentPort).start();
flushCompileCache();
