import type { App } from './app.ts';
import { breakerStates, type Breakers } from './breakers.ts';
import type { RouteRights } from './contract.ts';

const PROBE: RouteRights = { who: 'anyone', limit: 'read' };

/** One dependency's answer to "can you work now?". */
export type ReadinessCheck = () => Promise<boolean> | boolean;

/** `/healthz`: the process is up. `/readyz`: it can serve; 503 when any check fails. It also shows the breakers. */
export function addHealthRoutes(
  app: App,
  checks: Readonly<Record<string, ReadinessCheck>>,
  breakers: Breakers = {},
): void {
  app.get('/healthz', { config: { rights: PROBE } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/readyz', { config: { rights: PROBE } }, async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await passes(check)] as const),
    );
    const ready = results.every(([, ok]) => ok);
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    return {
      status: ready ? 'ready' : 'unready',
      checks: Object.fromEntries(results),
      breakers: breakerStates(breakers),
    };
  });
}

async function passes(check: ReadinessCheck): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}
