import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders, sendCacheable } from '../../http/replies.ts';
import { AppError, type Account, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import {
  followingLiveSchema,
  pageSchema,
  profileSchema,
  selfSchema,
  successSchema,
  updateSelfSchema,
  userParamsSchema,
  userSummariesSchema,
} from './contract.ts';
import type { UserService } from './service.ts';

const TAGS = ['users'];
const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'profile:read' };
const OWN_READ: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
const OWN_WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'profile:write' };

export interface UserRoutesDeps {
  service: UserService;
  callerOf: CallerOf;
}

export function addUserRoutes(instance: FastifyInstance, deps: UserRoutesDeps): void {
  addSelfRoutes(instance, deps);
  addProfileRoutes(instance, deps);
  addFollowLists(instance, deps);
}

function addSelfRoutes(instance: FastifyInstance, { service, callerOf }: UserRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/users/me',
    {
      config: { rights: OWN_READ },
      schema: { tags: TAGS, summary: 'My account', operationId: 'getMe', response: { 200: selfSchema } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.self(accountOf(request), callerOf(request).site);
    },
  );

  app.put(
    '/api/users/me',
    {
      config: { rights: OWN_WRITE },
      schema: {
        tags: TAGS,
        summary: 'Change name, bio, avatar or mail address; null takes one away',
        operationId: 'updateMe',
        body: updateSelfSchema,
        response: { 200: selfSchema },
      },
    },
    async (request) => service.update(accountOf(request), request.body, callerOf(request).site),
  );

  app.get(
    '/api/users/me/following/live',
    {
      config: { rights: OWN_READ },
      schema: {
        tags: TAGS,
        summary: 'Whom I follow: where they are live, and when the others were',
        operationId: 'followingLive',
        response: { 200: followingLiveSchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.followingLive(accountOf(request), callerOf(request).site)),
  );

  app.post(
    '/api/users/me/stream-key',
    {
      config: { rights: { ...OWN_WRITE, scope: 'rooms:write' } },
      schema: {
        tags: TAGS,
        summary: 'A new permanent stream key; whoever publishes by the old one is cut',
        operationId: 'rotateStreamKey',
        response: { 200: selfSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.rotateStreamKey(accountOf(request), callerOf(request).site);
    },
  );
}

function addProfileRoutes(instance: FastifyInstance, { service, callerOf }: UserRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/users/:id',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'A public profile, by id or user name',
        operationId: 'getUser',
        params: userParamsSchema,
        response: { 200: profileSchema },
      },
    },
    async (request) => service.profile(callerOf(request), request.params.id),
  );

  app.post(
    '/api/users/:id/follow',
    {
      config: { rights: OWN_WRITE },
      schema: {
        tags: TAGS,
        summary: 'Follow somebody',
        operationId: 'followUser',
        params: userParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.follow(accountOf(request), request.params.id);
      return { success: true } as const;
    },
  );

  app.delete(
    '/api/users/:id/follow',
    {
      config: { rights: OWN_WRITE },
      schema: {
        tags: TAGS,
        summary: 'Follow somebody no longer',
        operationId: 'unfollowUser',
        params: userParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.unfollow(accountOf(request), request.params.id);
      return { success: true } as const;
    },
  );
}

function addFollowLists(instance: FastifyInstance, { service }: UserRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  for (const side of ['followers', 'following'] as const) {
    app.get(
      `/api/users/:id/${side}`,
      {
        config: { rights: READ },
        schema: {
          tags: TAGS,
          summary: side === 'followers' ? 'Who follows them' : 'Whom they follow',
          operationId: side === 'followers' ? 'listFollowers' : 'listFollowing',
          params: userParamsSchema,
          querystring: pageSchema,
          response: { 200: userSummariesSchema },
        },
      },
      async (request, reply) => {
        const { users, total } = await service.follows(request.params.id, side, request.query);
        addPageHeaders(request, reply, { ...request.query, total });
        return users;
      },
    );
  }
}

function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
