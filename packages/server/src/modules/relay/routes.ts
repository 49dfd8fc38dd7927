import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  createRelaySchema,
  relayParamsSchema,
  relaySchema,
  relaysSchema,
  roomParamsSchema,
  successSchema,
  updateRelaySchema,
} from './contract.ts';
import type { RelayService } from './service.ts';

/** Owner tokens let people without an account use their own rooms. */
const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };

export function addRelayRoutes(
  instance: FastifyInstance,
  { service, callerOf }: { service: RelayService; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const of = (summary: string, operationId: string) => ({ tags: ['relays'], summary, operationId });
  const one = { params: relayParamsSchema, response: { 200: relaySchema } };

  app.get(
    '/api/rooms/:roomId/relays',
    {
      config: { rights: READ },
      schema: {
        ...of('Servers elsewhere that a room is sent on to, and how that goes', 'listRelays'),
        params: roomParamsSchema,
        response: { 200: relaysSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.list(callerOf(request), request.params.roomId);
    },
  );

  app.post(
    '/api/rooms/:roomId/relays',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Send a room on to another server, now and whenever it is live', 'addRelay'),
        params: roomParamsSchema,
        body: createRelaySchema,
        response: { 201: relaySchema },
      },
    },
    async (request, reply) => {
      const relay = await service.add(callerOf(request), request.params.roomId, request.body);
      return reply.code(201).send(relay);
    },
  );

  app.patch(
    '/api/rooms/:roomId/relays/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Rename a target, give it another address, turn it on or off', 'updateRelay'),
        ...one,
        body: updateRelaySchema,
      },
    },
    async (request) => service.change(callerOf(request), request.params, request.body),
  );

  app.delete(
    '/api/rooms/:roomId/relays/:id',
    {
      config: { rights: WRITE },
      schema: { ...of('Stop sending a room to a target', 'removeRelay'), ...one, response: { 200: successSchema } },
    },
    async (request) => {
      await service.remove(callerOf(request), request.params);
      return { success: true } as const;
    },
  );
}
