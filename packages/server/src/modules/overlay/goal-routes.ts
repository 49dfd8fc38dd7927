import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import { goalAnswerSchema, proofQuerySchema, roomParamsSchema, setGoalSchema, successSchema } from './contract.ts';
import type { Goals } from './goals.ts';

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };

const of = (summary: string, operationId: string) => ({ tags: ['overlays'], summary, operationId });

/** What a channel collects for. */
export function addGoalRoutes(
  instance: FastifyInstance,
  { goals, callerOf }: { goals: Goals; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/goal',
    {
      config: { rights: READ },
      schema: {
        ...of('What the channel of a room collects for, and how far it is', 'getGoal'),
        params: roomParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: goalAnswerSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { goal: await goals.ofRoom(callerOf(request), request.params.roomId, request.query.token) };
    },
  );

  app.put(
    '/api/rooms/:roomId/goal',
    {
      config: { rights: WRITE },
      schema: {
        ...of("Set the channel's goal; it stays over its broadcasts", 'setGoal'),
        params: roomParamsSchema,
        body: setGoalSchema,
        response: { 200: goalAnswerSchema },
      },
    },
    async (request) => ({ goal: await goals.set(callerOf(request), request.params.roomId, request.body) }),
  );

  app.delete(
    '/api/rooms/:roomId/goal',
    {
      config: { rights: WRITE },
      schema: {
        ...of("Take the channel's goal away", 'removeGoal'),
        params: roomParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await goals.remove(callerOf(request), request.params.roomId);
      return { success: true } as const;
    },
  );
}
