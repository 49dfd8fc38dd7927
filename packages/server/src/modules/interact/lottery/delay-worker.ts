// A delay in a thread of its own, so that whoever else is served does not wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import { delayChain } from './fairness.ts';

const { head, iterations } = workerData as { head: string; iterations: number };
parentPort?.postMessage(delayChain(head, iterations));
