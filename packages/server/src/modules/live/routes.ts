import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  categoriesSchema,
  createdRoomSchema,
  createRoomSchema,
  endStreamSchema,
  listRoomsSchema,
  roomListSchema,
  roomParamsSchema,
  roomQuerySchema,
  roomSchema,
  successSchema,
  updateRoomSchema,
  type CreatedRoom,
} from './contract.ts';
import { addPageHeaders, sendCacheable } from '../../http/replies.ts';
import { OWNER_COOKIE_PREFIX } from './rights.ts';
import type { RoomService } from './service.ts';

const OWNER_COOKIE_SECONDS = 7 * 24 * 3600;
/** Owner cookies that one browser keeps; making more rooms drops the oldest, so that request heads stay small. */
const MAX_OWNER_COOKIES = 20;

/** Owner tokens let people without an account use their own rooms. */
export const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
export const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };

export interface RoomRouteDeps {
  service: RoomService;
  callerOf: CallerOf;
}

export function addRoomRoutes(instance: FastifyInstance, deps: RoomRouteDeps): void {
  addReadingRoutes(instance, deps);
  addChangingRoutes(instance, deps);
  addEndingRoutes(instance, deps);
  addStreamRoutes(instance, deps);
}

function addReadingRoutes(instance: FastifyInstance, { service, callerOf }: RoomRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const of = (summary: string, operationId: string) => ({ tags: ['rooms'], summary, operationId });

  app.get(
    '/api/rooms',
    {
      config: { rights: READ },
      schema: {
        ...of('List rooms', 'listRooms'),
        querystring: listRoomsSchema,
        response: { 200: z.array(roomSchema) },
      },
    },
    async (request, reply) => {
      const { rooms, total } = await service.list(callerOf(request), request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return sendCacheable(request, reply, rooms);
    },
  );

  app.get(
    '/api/categories',
    {
      config: { rights: READ },
      schema: { ...of('Categories of open public rooms', 'listCategories'), response: { 200: categoriesSchema } },
    },
    async (request, reply) => sendCacheable(request, reply, await service.categories()),
  );

  app.get(
    '/api/rooms/:roomId',
    {
      config: { rights: READ },
      schema: {
        ...of('One room', 'getRoom'),
        params: roomParamsSchema,
        querystring: roomQuerySchema,
        response: { 200: roomSchema },
      },
    },
    async (request, reply) => {
      const room = await service.get(callerOf(request), request.params.roomId, request.query.token);
      return sendCacheable(request, reply, room);
    },
  );
}

function addChangingRoutes(instance: FastifyInstance, { service, callerOf }: RoomRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const of = (summary: string, operationId: string) => ({ tags: ['rooms'], summary, operationId });

  app.post(
    '/api/rooms',
    {
      config: { rights: WRITE },
      schema: { ...of('Make a room', 'createRoom'), body: createRoomSchema, response: { 201: createdRoomSchema } },
    },
    async (request, reply) => {
      const room = await service.create(callerOf(request), request.body);
      return created(request, reply, room).code(201).send(room);
    },
  );

  app.put(
    '/api/rooms/:roomId',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Change a room, or make it live or ended', 'updateRoom'),
        params: roomParamsSchema,
        body: updateRoomSchema,
        response: { 200: roomSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.update(callerOf(request), request.params.roomId, request.body);
    },
  );
}

/** Ends what goes on in a room, or who may begin it. */
function addEndingRoutes(instance: FastifyInstance, { service, callerOf }: RoomRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const of = (summary: string, operationId: string) => ({ tags: ['rooms'], summary, operationId });

  app.post(
    '/api/rooms/:roomId/close',
    {
      config: { rights: WRITE },
      schema: { ...of('End a room', 'closeRoom'), params: roomParamsSchema, response: { 200: successSchema } },
    },
    async (request) => {
      await service.close(callerOf(request), request.params.roomId);
      return { success: true } as const;
    },
  );

  app.post(
    '/api/rooms/:roomId/cut',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Disconnect whoever publishes; they may come back', 'cutPublisher'),
        params: roomParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.cut(callerOf(request), request.params.roomId);
      return { success: true } as const;
    },
  );

  app.post(
    '/api/rooms/:roomId/key',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Give a room a new stream key and cut whoever publishes by the old one', 'rotateRoomKey'),
        params: roomParamsSchema,
        response: { 200: roomSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.rotateKey(callerOf(request), request.params.roomId);
    },
  );
}

/** The polling scheme's names for the same operations. */
function addStreamRoutes(instance: FastifyInstance, { service, callerOf }: RoomRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const of = (summary: string, operationId: string) => ({ tags: ['rooms'], summary, operationId });

  app.post(
    '/api/streams/start',
    {
      config: { rights: WRITE },
      schema: { ...of('Make a room', 'startStream'), body: createRoomSchema, response: { 200: createdRoomSchema } },
    },
    async (request, reply) => {
      const room = await service.create(callerOf(request), request.body);
      return created(request, reply, room).send(room);
    },
  );

  app.get(
    '/api/streams/list',
    {
      config: { rights: READ },
      schema: {
        ...of('Open rooms, and from where to go on with events', 'listStreams'),
        querystring: listRoomsSchema,
        response: { 200: roomListSchema },
      },
    },
    async (request, reply) => sendCacheable(request, reply, await service.listSince(callerOf(request), request.query)),
  );

  app.post(
    '/api/streams/end',
    {
      config: { rights: WRITE },
      schema: { ...of('End a room', 'endStream'), body: endStreamSchema, response: { 200: successSchema } },
    },
    async (request) => {
      await service.close(callerOf(request), request.body.roomId, request.body.token);
      return { success: true } as const;
    },
  );
}

/** Gives the owner's cookie along with a room that was made without an account. */
function created(request: FastifyRequest, reply: FastifyReply, room: CreatedRoom): FastifyReply {
  reply.header('cache-control', 'no-store').header('location', `/api/rooms/${room.id}`);
  if (room.ownerToken === undefined) return reply;
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure: request.protocol === 'https' } as const;
  // Browsers send the oldest first.
  const kept = Object.keys(request.cookies).filter((name) => name.startsWith(OWNER_COOKIE_PREFIX));
  for (const name of kept.slice(0, Math.max(0, kept.length + 1 - MAX_OWNER_COOKIES))) reply.clearCookie(name, options);
  return reply.setCookie(OWNER_COOKIE_PREFIX + room.id, room.ownerToken, { ...options, maxAge: OWNER_COOKIE_SECONDS });
}
