import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../../http/replies.ts';
import type { CallerOf, RouteRights } from '../../gateway/contract.ts';
import { proofSchema, roomParamsSchema, successSchema } from '../../live/contract.ts';
import { recordingParamsSchema } from '../../recording/contract.ts';
import {
  chatSettingsSchema,
  clearChatSchema,
  clearedSchema,
  densityQuerySchema,
  densitySchema,
  historyQuerySchema,
  historySchema,
  messageParamsSchema,
  pinChatSchema,
  replayQuerySchema,
  replaySchema,
  sendChatSchema,
  sentSchema,
  updateChatSettingsSchema,
} from './contract.ts';
import type { ChatDeletion } from './deletion.ts';
import type { ReplayDensity } from './density.ts';
import type { Pins } from './pins.ts';
import type { ChatService } from './service.ts';

export const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
/** What the owner and moderators do. */
export const MANAGE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
/** People without account speak with their viewer id. */
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'chat:write' };

export interface ChatRouteDeps {
  service: ChatService;
  deletion: ChatDeletion;
  pins: Pins;
  density: ReplayDensity;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string) => ({ tags: ['chat'], summary, operationId });

export function addChatRoutes(instance: FastifyInstance, deps: ChatRouteDeps): void {
  addMessageRoutes(instance, deps);
  addReplayRoutes(instance, deps);
  addDeletionRoutes(instance, deps);
  addPinRoutes(instance, deps);
  addSettingsRoutes(instance, deps);
}

function addMessageRoutes(instance: FastifyInstance, { service, callerOf }: ChatRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/chat',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Say something in a room', 'sendChat'),
        params: roomParamsSchema,
        body: sendChatSchema,
        response: { 200: sentSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { message: await service.send(callerOf(request), request.params.roomId, request.body) };
    },
  );

  app.get(
    '/api/rooms/:roomId/chat',
    {
      config: { rights: READ },
      schema: {
        ...of('What was said in a room: the newest, or before or after a message', 'listChat'),
        params: roomParamsSchema,
        querystring: historyQuerySchema,
        response: { 200: historySchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.history(callerOf(request), request.params.roomId, request.query)),
  );
}

function addReplayRoutes(instance: FastifyInstance, { service, density, callerOf }: ChatRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/recordings/:id/chat',
    {
      config: { rights: READ },
      schema: {
        ...of('What was said while a recording was made, by the time of the picture', 'listReplayChat'),
        params: recordingParamsSchema,
        querystring: replayQuerySchema,
        response: { 200: replaySchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.replay(callerOf(request), request.params.id, request.query)),
  );

  app.get(
    '/api/recordings/:id/chat/density',
    {
      config: { rights: READ },
      schema: {
        ...of('How much was said at each place of a replay', 'getReplayChatDensity'),
        params: recordingParamsSchema,
        querystring: densityQuerySchema,
        response: { 200: densitySchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await density.of(callerOf(request), request.params.id, request.query)),
  );
}

function addDeletionRoutes(instance: FastifyInstance, { deletion, callerOf }: ChatRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.delete(
    '/api/rooms/:roomId/chat/:messageId',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Delete a message: its author, the owner or a moderator', 'deleteChat'),
        params: messageParamsSchema,
        querystring: proofSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await deletion.remove(callerOf(request), { ...request.params, proof: request.query });
      return { success: true } as const;
    },
  );

  app.post(
    '/api/rooms/:roomId/chat/clear',
    {
      config: { rights: MANAGE },
      schema: {
        ...of('Delete everything that one person said in a room: the owner or a moderator', 'clearChat'),
        params: roomParamsSchema,
        body: clearChatSchema,
        response: { 200: clearedSchema },
      },
    },
    async (request) => ({
      deleted: await deletion.clear(callerOf(request), request.params.roomId, request.body.person),
    }),
  );
}

function addPinRoutes(instance: FastifyInstance, { pins, callerOf }: ChatRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.put(
    '/api/rooms/:roomId/chat/pinned',
    {
      config: { rights: MANAGE },
      schema: {
        ...of('Pin a message, in place of what was pinned before: the owner or a moderator', 'pinChat'),
        params: roomParamsSchema,
        body: pinChatSchema,
        response: { 200: sentSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { message: await pins.pin(callerOf(request), request.params.roomId, request.body.messageId) };
    },
  );

  app.delete(
    '/api/rooms/:roomId/chat/pinned',
    {
      config: { rights: MANAGE },
      schema: {
        ...of('Unpin what is pinned: the owner or a moderator', 'unpinChat'),
        params: roomParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await pins.unpin(callerOf(request), request.params.roomId);
      return { success: true } as const;
    },
  );
}

function addSettingsRoutes(instance: FastifyInstance, { service, callerOf }: ChatRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/chat/settings',
    {
      config: { rights: READ },
      schema: {
        ...of('How the chat is kept in order', 'getChatSettings'),
        params: roomParamsSchema,
        querystring: proofSchema,
        response: { 200: chatSettingsSchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.settingsOf(callerOf(request), request.params.roomId, request.query)),
  );

  app.patch(
    '/api/rooms/:roomId/chat/settings',
    {
      config: { rights: MANAGE },
      schema: {
        ...of('Change how the chat of the channel is kept in order: the owner or a moderator', 'updateChatSettings'),
        params: roomParamsSchema,
        body: updateChatSettingsSchema,
        response: { 200: chatSettingsSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.changeSettings(callerOf(request), request.params.roomId, request.body);
    },
  );
}
