import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again every `intervalMs` until the answer is neither undefined nor false, and returns it. The last thrown error,
 * or the description, is in the failure.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  {
    timeoutMs = 10_000,
    intervalMs = 25,
    what = 'the condition',
  }: { timeoutMs?: number; intervalMs?: number; what?: string } = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: lastError });
    await sleep(intervalMs);
  }
}
