import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../gateway/contract.ts';
import { addSocketRoute, type SocketRouteDeps } from '../../sockets/upgrade.ts';
import { eventsAnswerSchema, eventsQuerySchema, vectorSchema, type EventsQuery } from './contract.ts';
import { pollEvents, streamEvents } from './events.ts';
import type { RealtimeService } from './service.ts';

/** `/ws` and `/api/events`. */
export function addRealtimeRoutes(
  app: FastifyInstance,
  { service, ...deps }: { service: RealtimeService } & SocketRouteDeps,
): void {
  addSocketRoute(
    app,
    {
      path: '/ws',
      tag: 'realtime',
      summary: 'Channels and commands over one WebSocket (messages: AsyncAPI)',
      operationId: 'openRealtimeSocket',
      accept: (socket, stream, caller) => service.accept(socket, stream, caller),
    },
    deps,
  );
  app.get(
    '/api/events',
    {
      exposeHeadRoute: false,
      config: { rights: { who: 'anyone', limit: 'read' } },
      schema: {
        tags: ['realtime'],
        summary: 'Events of channels: as a stream with Accept: text/event-stream, else as JSON to poll',
        operationId: 'getEvents',
        querystring: eventsQuerySchema,
        response: { 200: eventsAnswerSchema },
      },
    },
    async (request, reply) => {
      const caller = deps.callerOf(request);
      const query = queryOf(request);
      if (!wantsStream(request)) {
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        const answer = await pollEvents(service, { caller, query, gone: gone.signal });
        return reply
          .header('content-type', 'application/json; charset=utf-8')
          .header('cache-control', 'no-store')
          .send(answer);
      }
      if (!caller.mayConnect) throw new AppError('cross_site');
      await streamEvents(service, {
        caller,
        query,
        begin: () => {
          reply.hijack();
          return { response: reply.raw, headers: { ...(reply.getHeaders() as Record<string, string>) } };
        },
      });
      return reply;
    },
  );
}

/** The browser's own `Last-Event-ID` is newer than the address it opened. */
function queryOf(request: FastifyRequest): EventsQuery {
  const query = request.query as EventsQuery;
  const last = request.headers['last-event-id'];
  return typeof last === 'string' && last !== '' ? { ...query, since: vectorSchema.parse(last) } : query;
}

function wantsStream({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/event-stream') === true;
}
