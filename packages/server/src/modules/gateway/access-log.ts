import type { FastifyInstance } from 'fastify';

/** An answer slower than this is worth a line. */
const SLOW_MS = 1000;
/** Routes that wait by design. */
const WAITING = new Set(['/api/events']);

/** One line a request: changes, our own faults and what was slow at `info`, the rest at `debug`. The logger redacts. */
export function logAccess(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    const limit = request.routeOptions.config.rights?.limit;
    const ms = Math.round(reply.elapsedTime);
    const isSlow = ms > SLOW_MS && limit !== 'socket' && limit !== 'media' && !WAITING.has(route ?? '');
    const isNotable = limit === 'write' || limit === 'login' || reply.statusCode >= 500 || isSlow;
    request.log[isNotable ? 'info' : 'debug'](
      {
        ...{ method: request.method, route, url: request.url, status: reply.statusCode, ms },
        ...{ user: request.account?.id, address: request.ip },
      },
      'request',
    );
  });
}
