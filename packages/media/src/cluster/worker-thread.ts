import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSeed } from './messages.ts';
import { MediaWorker } from './worker.ts';

if (!parentPort) throw new Error('worker-thread.ts runs as a worker thread only');
await new MediaWorker(workerData as WorkerSeed, parentPort).start();
