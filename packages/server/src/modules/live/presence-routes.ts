import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CallerOf } from '../gateway/contract.ts';
import { roomParamsSchema, successSchema } from './contract.ts';
import { addPageHeaders } from '../../http/replies.ts';
import {
  enteredSchema,
  enterSchema,
  pageSchema,
  playTokenAnswerSchema,
  playTokenSchema,
  vidSchema,
  viewersSchema,
} from './member-schemas.ts';
import type { PresenceService } from './presence.ts';
import { READ, WRITE } from './routes.ts';

interface PresenceRouteDeps {
  presence: PresenceService;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string): { tags: string[]; summary: string; operationId: string } => ({
  tags: ['viewers'],
  summary,
  operationId,
});

export function addPresenceRoutes(instance: FastifyInstance, deps: PresenceRouteDeps): void {
  addViewerRoutes(instance, deps);
  addOwnerRoutes(instance, deps);
}

function addViewerRoutes(instance: FastifyInstance, { presence, callerOf }: PresenceRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/viewers',
    {
      config: { rights: { who: 'anyone', limit: 'write' } },
      schema: {
        ...of('A viewer id, by which one person is counted once', 'createViewer'),
        response: { 200: vidSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { vid: presence.viewerId(callerOf(request)) };
    },
  );

  app.post(
    '/api/rooms/:roomId/enter',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Be counted in a room without a connection', 'enterRoom'),
        params: roomParamsSchema,
        body: enterSchema,
        response: { 200: enteredSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return presence.enter(callerOf(request), request.params.roomId, request.body);
    },
  );

  app.post(
    '/api/rooms/:roomId/leave',
    {
      config: { rights: WRITE },
      schema: {
        ...of('End what entering began', 'leaveRoom'),
        params: roomParamsSchema,
        body: enterSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await presence.leave(callerOf(request), request.params.roomId, request.body);
      return { success: true } as const;
    },
  );
}

/** For the owner and moderators. */
function addOwnerRoutes(instance: FastifyInstance, { presence, callerOf }: PresenceRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/viewers',
    {
      config: { rights: READ },
      schema: {
        ...of('Who watches, for the owner and moderators', 'listViewers'),
        params: roomParamsSchema,
        querystring: pageSchema,
        response: { 200: viewersSchema },
      },
    },
    async (request, reply) => {
      const { viewers, total } = await presence.viewers(callerOf(request), request.params.roomId, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return viewers;
    },
  );

  app.post(
    '/api/rooms/:roomId/play-token',
    {
      config: { rights: WRITE },
      schema: {
        ...of('A token that lets its bearer see and play the room', 'createPlayToken'),
        params: roomParamsSchema,
        body: playTokenSchema,
        response: { 200: playTokenAnswerSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return presence.playToken(callerOf(request), request.params.roomId, request.body);
    },
  );
}
