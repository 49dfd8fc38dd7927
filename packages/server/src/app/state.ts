import type { Logger } from 'pino';
import { MemoryStateCenter } from '../state/memory.ts';
import type { StateCenter } from '../state/contract.ts';
import type { RedisStateCenter } from '../state/redis/index.ts';
import type { Config } from './config.ts';
import { OperatorError } from './operator-error.ts';

/**
 * Shared by several nodes when `redis.url` is set, else in this process's memory.
 * @throws OperatorError when Redis cannot be reached.
 */
export async function openState(
  { redis, realtime: { historySize } }: Config,
  deps: { logger: Logger; now: () => number; connectTimeoutMs?: number },
): Promise<MemoryStateCenter | RedisStateCenter> {
  if (redis.url === undefined) return new MemoryStateCenter({ historySize, now: deps.now });
  // Who does without Redis does without its client's 23 MB.
  const redisModule = await import('../state/redis/index.ts');
  try {
    return await redisModule.RedisStateCenter.connect({ ...deps, url: redis.url, prefix: redis.prefix, historySize });
  } catch (error) {
    const servers = [redis.url].flat().map(addressOf).join(', ');
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`Redis at ${servers} cannot be used (redis.url): ${reason}`, { cause: error });
  }
}

/** What the rest of the process uses of the Redis behind `state`, if there is one. */
export function redisOf(state: StateCenter): Pick<RedisStateCenter, 'client' | 'breaker' | 'measure'> | undefined {
  return 'client' in state && 'breaker' in state ? (state as RedisStateCenter) : undefined;
}

/** Host and port only: the rest of the URL may hold a password. */
function addressOf(url: string): string {
  if (!URL.canParse(url)) return 'an address that is not a URL';
  const { host, port } = new URL(url);
  return port === '' ? `${host}:6379` : host;
}
