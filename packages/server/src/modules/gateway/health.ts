import { z } from 'zod';
import type { App } from './app.ts';
import { breakerStates, type Breakers } from './breakers.ts';
import type { RouteRights } from './contract.ts';

const PROBE: RouteRights = { who: 'anyone', limit: 'read' };

const healthDocument = {
  tags: ['health'],
  summary: 'The process is up',
  operationId: 'getHealth',
  response: { 200: z.object({ status: z.literal('ok') }) },
};

const readinessSchema = z.object({
  status: z.enum(['ready', 'unready']),
  checks: z.record(z.string(), z.boolean()).describe('By dependency'),
  breakers: z.record(z.string(), z.enum(['closed', 'open', 'half-open'])).describe('Circuit breakers by dependency'),
});
const readinessDocument = {
  tags: ['health'],
  summary: 'The process can serve; 503 when it cannot',
  operationId: 'getReadiness',
  response: { 200: readinessSchema, 503: readinessSchema },
};

/** One dependency's answer to "can you work now?". */
export type ReadinessCheck = () => Promise<boolean> | boolean;

/** `/healthz`: the process is up. `/readyz`: it can serve; 503 when any check fails. It also shows the breakers. */
export function addHealthRoutes(
  app: App,
  checks: Readonly<Record<string, ReadinessCheck>>,
  breakers: Breakers = {},
): void {
  app.get('/healthz', { config: { rights: PROBE }, schema: healthDocument }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/readyz', { config: { rights: PROBE }, schema: readinessDocument }, async (_request, reply) => {
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
