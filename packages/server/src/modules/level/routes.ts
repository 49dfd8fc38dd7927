import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../http/replies.ts';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import { roomParamsSchema, roomQuerySchema } from '../live/contract.ts';
import {
  badgeSchema,
  fansQuerySchema,
  fansSchema,
  fanStandingSchema,
  levelsSchema,
  setBadgeSchema,
  type LevelRules,
} from './contract.ts';
import { levelsOf } from './rules.ts';
import type { LevelService } from './service.ts';

const TAGS = ['fans'];
const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const OWN: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
/** Owner tokens let people without an account use their own rooms. */
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };

export interface LevelRouteDeps {
  service: LevelService;
  rules: LevelRules;
  callerOf: CallerOf;
}

export function addLevelRoutes(instance: FastifyInstance, { service, rules, callerOf }: LevelRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/fans/me',
    {
      config: { rights: OWN },
      schema: {
        tags: TAGS,
        summary: "My level among the fans of the room's channel",
        operationId: 'getFanStanding',
        params: roomParamsSchema,
        querystring: roomQuerySchema,
        response: { 200: fanStandingSchema },
      },
    },
    async (request, reply) => {
      const { account } = request;
      if (account === undefined) throw new AppError('login_required');
      const room = { ...request.params, ...request.query };
      return sendCacheable(request, reply, await service.standing(callerOf(request), account, room));
    },
  );

  app.get(
    '/api/fans/levels',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'The levels that fans have, and what they are called',
        operationId: 'listFanLevels',
        response: { 200: levelsSchema },
      },
    },
    async (request, reply) => sendCacheable(request, reply, levelsOf(rules)),
  );

  app.get(
    '/api/rooms/:roomId/fans',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: "Fans of the room's channel, the furthest first",
        operationId: 'listFans',
        params: roomParamsSchema,
        querystring: fansQuerySchema,
        response: { 200: fansSchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.fans(callerOf(request), request.params.roomId, request.query)),
  );

  addBadgeRoute(instance, { service, callerOf });
}

function addBadgeRoute(instance: FastifyInstance, { service, callerOf }: Omit<LevelRouteDeps, 'rules'>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.put(
    '/api/rooms/:roomId/fans/badge',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: "Name the badge of the channel's fans; the owner does",
        operationId: 'setFanBadge',
        params: roomParamsSchema,
        body: setBadgeSchema,
        response: { 200: badgeSchema },
      },
    },
    async (request) => {
      const { name } = request.body;
      await service.setBadge(callerOf(request), request.params.roomId, name);
      return { name: name ?? undefined };
    },
  );
}
