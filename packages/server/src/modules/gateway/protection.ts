import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { StateHealth } from '../../state/contract.ts';
import { AppError, type LimitClass } from './contract.ts';
import type { LoadGuard } from './load.ts';
import type { RateLimits } from './rate-limits.ts';

/** Always answered: who watches the process must see it as it is. */
const PROBES = new Set(['/healthz', '/readyz']);

/** How the gateway protects what is behind it. */
export interface Protection {
  limits: RateLimits;
  load: LoadGuard;
  stateHealth(): StateHealth;
  isStopping(): boolean;
  now(): number;
}

/** Refuses before anything is looked up: a process that stops or is overloaded, and changes while the shared state is away. */
export function refuseWhatCannotBeDone(app: FastifyInstance, { load, stateHealth, isStopping, now }: Protection): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isProbe(request)) return;
    if (isStopping()) {
      reply.header('connection', 'close');
      throw new AppError('stopping');
    }
    load.watch();
    if (load.isOverloaded) {
      load.shed++;
      throw new AppError('overloaded');
    }
    const { ok, sinceMs } = stateHealth();
    if (ok) return;
    const limit = limitOf(request);
    if (limit === 'write' || limit === 'login') throw new AppError('state_unavailable');
    reply.header('x-kaibo-stale', Math.max(0, Math.round((now() - sinceMs) / 1000)));
  });
  app.addHook('onClose', async () => load.close());
}

/** Counts requests once it is known who asks. */
export function limitRates(app: FastifyInstance, { limits }: Protection): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isProbe(request)) await limits.take(limitOf(request), request, reply);
  });
}

function isProbe({ routeOptions }: FastifyRequest): boolean {
  return PROBES.has(routeOptions.url ?? '');
}

/** What is not a route is read. */
function limitOf({ routeOptions }: FastifyRequest): LimitClass {
  return routeOptions.config.rights?.limit ?? 'read';
}
