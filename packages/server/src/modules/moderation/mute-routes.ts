import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders } from '../../http/replies.ts';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  heldDecisionSchema,
  heldListSchema,
  heldParamsSchema,
  muteParamsSchema,
  muteSchema,
  mutesSchema,
  newMuteSchema,
  pageSchema,
  proofQuerySchema,
  roomParamsSchema,
  standingSchema,
  successSchema,
} from './contract.ts';
import type { HeldService } from './held.ts';
import type { MuteService } from './mutes.ts';

interface MuteRouteDeps {
  mutes: MuteService;
  held: HeldService;
  callerOf: CallerOf;
}

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
const DONE = { success: true } as const;

const of = (summary: string, operationId: string) => ({ tags: ['moderation'], summary, operationId });

/** What the caller may do, who may not speak, and what waits to be shown. */
export function addMuteRoutes(instance: FastifyInstance, deps: MuteRouteDeps): void {
  addStanding(instance, deps);
  addMutes(instance, deps);
  addHeld(instance, deps);
}

function addStanding(instance: FastifyInstance, { mutes, callerOf }: MuteRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/rooms/:roomId/standing',
    {
      config: { rights: READ },
      schema: {
        ...of('What I am in the room: whether I may moderate it, and whether I may speak', 'getStanding'),
        params: roomParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: standingSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return mutes.standing(callerOf(request), request.params.roomId, request.query);
    },
  );
}

function addMutes(instance: FastifyInstance, { mutes, callerOf }: MuteRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/mutes',
    {
      config: { rights: READ },
      schema: {
        ...of('Who may not speak in the channel, for the owner and moderators', 'listMutes'),
        params: roomParamsSchema,
        querystring: pageSchema,
        response: { 200: mutesSchema },
      },
    },
    async (request, reply) => {
      const { mutes: found, total } = await mutes.list(callerOf(request), request.params.roomId, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return found;
    },
  );

  app.post(
    '/api/rooms/:roomId/mutes',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Let somebody speak no more in the channel, for a while or for good', 'mutePerson'),
        params: roomParamsSchema,
        body: newMuteSchema,
        response: { 200: muteSchema },
      },
    },
    async (request) => mutes.add(callerOf(request), request.params.roomId, request.body),
  );

  app.delete(
    '/api/rooms/:roomId/mutes/:person',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Let somebody speak again', 'unmutePerson'),
        params: muteParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await mutes.remove(callerOf(request), request.params.roomId, request.params.person);
      return DONE;
    },
  );
}

function addHeld(instance: FastifyInstance, { held, callerOf }: MuteRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/held',
    {
      config: { rights: READ },
      schema: {
        ...of('Messages that wait for a moderator, the oldest first', 'listHeld'),
        params: roomParamsSchema,
        response: { 200: heldListSchema },
      },
    },
    async (request) => held.list(callerOf(request), request.params.roomId),
  );

  app.post(
    '/api/rooms/:roomId/held/:messageId',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Show a message that waits, or delete it', 'decideHeld'),
        params: heldParamsSchema,
        body: heldDecisionSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await held.decide(callerOf(request), request.params, request.body.action);
      return DONE;
    },
  );
}
