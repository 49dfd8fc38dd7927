import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import { insightQuerySchema, insightSchema, roomParamsSchema, seriesSchema, summarySchema } from './contract.ts';
import type { InsightService } from './service.ts';

/** Rooms without an account are their token's. */
const ROOM: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const OWN: RouteRights = { who: 'user', limit: 'read', scope: 'rooms:read' };
const of = (summary: string, operationId: string) => ({ tags: ['insight'], summary, operationId });

export interface InsightRouteDeps {
  service: InsightService;
  callerOf: CallerOf;
}

/** How broadcasts went. Private figures: nobody between keeps them. */
export function addInsightRoutes(instance: FastifyInstance, { service, callerOf }: InsightRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/series',
    {
      config: { rights: ROOM },
      schema: {
        ...of('How a broadcast goes, or went; for its owner', 'getRoomSeries'),
        params: roomParamsSchema,
        response: { 200: seriesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.series(callerOf(request), request.params.roomId);
    },
  );

  app.get(
    '/api/rooms/:roomId/summary',
    {
      config: { rights: ROOM },
      schema: {
        ...of('What a broadcast came to; for its owner', 'getRoomSummary'),
        params: roomParamsSchema,
        response: { 200: summarySchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.summary(callerOf(request), request.params.roomId);
    },
  );

  app.get(
    '/api/insight',
    {
      config: { rights: OWN },
      schema: {
        ...of("The caller's channel by day, and its last broadcasts", 'getInsight'),
        querystring: insightQuerySchema,
        response: { 200: insightSchema },
      },
    },
    async (request, reply) => {
      if (request.account === undefined) throw new AppError('login_required');
      reply.header('cache-control', 'no-store');
      return service.ofChannel(request.account.id, request.query.days);
    },
  );
}
