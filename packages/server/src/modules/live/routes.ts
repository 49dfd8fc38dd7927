import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  createRoomSchema,
  endStreamSchema,
  listRoomsSchema,
  roomParamsSchema,
  roomQuerySchema,
  updateRoomSchema,
  type ListRoomsQuery,
} from './contract.ts';
import { OWNER_COOKIE_PREFIX } from './rights.ts';
import type { CreatedRoom, RoomService } from './service.ts';

const OWNER_COOKIE_SECONDS = 7 * 24 * 3600;
/** Owner cookies that one browser keeps; making more rooms drops the oldest, so that request heads stay small. */
const MAX_OWNER_COOKIES = 20;

/** Owner tokens let people without an account use their own rooms. */
const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };

export function addRoomRoutes(
  instance: FastifyInstance,
  { service, callerOf }: { service: RoomService; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post('/api/rooms', { config: { rights: WRITE }, schema: { body: createRoomSchema } }, async (request, reply) => {
    const room = await service.create(callerOf(request), request.body);
    return created(request, reply, room).code(201).send(room);
  });

  app.get(
    '/api/rooms',
    { config: { rights: READ }, schema: { querystring: listRoomsSchema } },
    async (request, reply) => {
      const { rooms, total } = await service.list(callerOf(request), request.query);
      reply.header('x-total-count', total);
      const links = pageLinks(request.query, { path: request.url, total });
      if (links !== '') reply.header('link', links);
      return sendCacheable(request, reply, rooms);
    },
  );

  app.get(
    '/api/rooms/:roomId',
    { config: { rights: READ }, schema: { params: roomParamsSchema, querystring: roomQuerySchema } },
    async (request, reply) => {
      const room = await service.get(callerOf(request), request.params.roomId, request.query.token);
      return sendCacheable(request, reply, room);
    },
  );

  app.put(
    '/api/rooms/:roomId',
    { config: { rights: WRITE }, schema: { params: roomParamsSchema, body: updateRoomSchema } },
    async (request) => service.update(callerOf(request), request.params.roomId, request.body),
  );

  app.post(
    '/api/rooms/:roomId/close',
    { config: { rights: WRITE }, schema: { params: roomParamsSchema } },
    async (request) => {
      await service.close(callerOf(request), request.params.roomId);
      return { success: true };
    },
  );

  app.post(
    '/api/streams/start',
    { config: { rights: WRITE }, schema: { body: createRoomSchema } },
    async (request, reply) => {
      const room = await service.create(callerOf(request), request.body);
      return created(request, reply, room).send(room);
    },
  );

  app.get(
    '/api/streams/list',
    { config: { rights: READ }, schema: { querystring: listRoomsSchema } },
    async (request, reply) => sendCacheable(request, reply, await service.listSince(callerOf(request), request.query)),
  );

  app.post('/api/streams/end', { config: { rights: WRITE }, schema: { body: endStreamSchema } }, async (request) => {
    await service.close(callerOf(request), request.body.roomId, request.body.token);
    return { success: true };
  });

  app.post('/api/viewers', { config: { rights: { who: 'anyone', limit: 'write' } } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return service.newViewer();
  });
}

/** Gives the owner's cookie along with the room. */
function created(request: FastifyRequest, reply: FastifyReply, room: CreatedRoom): FastifyReply {
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure: request.protocol === 'https' } as const;
  // Browsers send the oldest first.
  const kept = Object.keys(request.cookies).filter((name) => name.startsWith(OWNER_COOKIE_PREFIX));
  for (const name of kept.slice(0, Math.max(0, kept.length + 1 - MAX_OWNER_COOKIES))) reply.clearCookie(name, options);
  reply.setCookie(OWNER_COOKIE_PREFIX + room.id, room.ownerToken, { ...options, maxAge: OWNER_COOKIE_SECONDS });
  return reply.header('cache-control', 'no-store').header('location', `/api/rooms/${room.id}`);
}

/** With an ETag of the body, so that polling what did not change costs a 304. */
function sendCacheable(request: FastifyRequest, reply: FastifyReply, body: unknown): FastifyReply {
  const text = JSON.stringify(body);
  const etag = `W/"${createHash('sha1').update(text).digest('base64url')}"`;
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  if (known.includes(etag) || known.includes('*')) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(text);
}

/** RFC 8288 links to the neighbouring pages, as paths. */
function pageLinks({ page, pageSize }: ListRoomsQuery, { path, total }: { path: string; total: number }): string {
  const last = Math.max(1, Math.ceil(total / pageSize));
  const pages = { first: 1, prev: page - 1, next: page + 1, last };
  if (last === 1 && page === 1) return '';
  return Object.entries(pages)
    .filter(([, target]) => target >= 1 && target <= last)
    .map(([relation, target]) => {
      const url = new URL(path, 'http://here');
      url.searchParams.set('page', String(target));
      url.searchParams.set('pageSize', String(pageSize));
      return `<${url.pathname}${url.search}>; rel="${relation}"`;
    })
    .join(', ');
}
