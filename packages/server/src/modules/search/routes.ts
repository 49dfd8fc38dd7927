import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../http/replies.ts';
import type { CallerOf } from '../gateway/contract.ts';
import { searchAnswerSchema, searchQuerySchema } from './contract.ts';
import type { SearchService } from './service.ts';

export function addSearchRoutes(
  instance: FastifyInstance,
  { service, callerOf }: { service: SearchService; callerOf: CallerOf },
): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/search',
    {
      config: { rights: { who: 'anyone', limit: 'read', scope: 'rooms:read' } },
      schema: {
        tags: ['rooms'],
        summary: 'Rooms, people and replays by a part of their title or name',
        operationId: 'search',
        querystring: searchQuerySchema,
        response: { 200: searchAnswerSchema },
      },
    },
    async (request, reply) => {
      const { q, limit } = request.query;
      return sendCacheable(request, reply, await service.find(q, { limit, site: callerOf(request).site }));
    },
  );
}
