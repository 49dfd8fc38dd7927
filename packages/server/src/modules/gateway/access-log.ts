import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LogSpan } from '../../http/log-context.ts';

/** An answer slower than this is worth a line. */
const SLOW_MS = 1000;
/** Routes that wait by design. */
const WAITING = new Set(['/api/events', '/api/logs/tail', '/api/logs/export']);

export interface AccessLogOptions {
  /** Every request is worth a line, or only those that change something, went wrong or were slow. */
  access: 'notable' | 'all';
}

/** What is no id is said by the address alone. */
const ROOM_ID = /^[\w-]{1,64}$/;

const spans = new WeakMap<FastifyRequest, LogSpan>();

/** From here on whatever is logged for a request says which one, of whom and about which room. Before all other hooks. */
export function spanRequests(app: FastifyInstance): void {
  // The context has the id; Fastify's own logger of a request would say it a second time.
  app.setChildLoggerFactory((logger) => logger);
  app.addHook('onRequest', (request, _reply, done) => {
    const span = new LogSpan({ reqId: request.id });
    spans.set(request, span);
    span.run(done);
  });
  // The body comes by the socket's events, which are nobody's.
  app.addHook('preValidation', (request, _reply, done) => spanOf(request).run(done));
}

/** Once it is known who asks. */
export function nameAsker(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { roomId } = request.params as { roomId?: string };
    spanOf(request).know({
      ...(request.account === undefined ? {} : { user: request.account.id }),
      ...(roomId !== undefined && ROOM_ID.test(roomId) ? { room: roomId } : {}),
    });
  });
}

function spanOf(request: FastifyRequest): LogSpan {
  return spans.get(request) ?? new LogSpan({ reqId: request.id });
}

/** One line a request: changes, our own faults and what was slow at `info`, the rest at `debug`. The logger redacts. */
export function logAccess(app: FastifyInstance, { access }: AccessLogOptions): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    const limit = request.routeOptions.config.rights?.limit;
    const ms = Math.round(reply.elapsedTime);
    const isSlow = ms > SLOW_MS && limit !== 'socket' && limit !== 'media' && !WAITING.has(route ?? '');
    const isNotable = limit === 'write' || limit === 'login' || reply.statusCode >= 500 || isSlow;
    const span = spanOf(request);
    span.run(() =>
      request.log[isNotable || access === 'all' ? 'info' : 'debug'](
        {
          kind: 'access',
          ...{ method: request.method, route, url: request.url, status: reply.statusCode, ms, address: request.ip },
        },
        'request',
      ),
    );
    span.end();
  });
}
