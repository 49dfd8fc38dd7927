// The hashes of a delay, or the check of a signature: what would hold up everybody else.
import { parentPort, workerData } from 'node:worker_threads';
import { delayChain } from './fairness.ts';
import { isSigned } from './quicknet.ts';
import type { Task } from './thread.ts';

const task = workerData as Task;
parentPort?.postMessage(
  task.kind === 'delay' ? delayChain(task.head, task.iterations) : isSigned(task.round, task.signature),
);
