import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a thread has to work out. */
export type Task =
  | { kind: 'delay'; head: string; iterations: number }
  | { kind: 'signature'; round: number; signature: string };

/**
 * Works it out in a thread of its own, so that whoever else is served does not wait for it. The type of the answer is
 * what thread-worker.ts answers to such a task.
 * @throws Error the signal's reason when it is aborted
 */
export async function inThread<Result>(task: Task, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./thread-worker.ts', import.meta.url), { workerData: task });
  try {
    const [result] = (await once(worker, 'message', { signal })) as [Result];
    return result;
  } finally {
    await worker.terminate();
  }
}
