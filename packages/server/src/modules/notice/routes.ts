import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type Account, type RouteRights } from '../gateway/contract.ts';
import {
  changePreferencesSchema,
  endPushSchema,
  noticePageSchema,
  noticesQuerySchema,
  preferencesSchema,
  pushKeySchema,
  pushSubscriptionsSchema,
  readNoticesSchema,
  subscribePushSchema,
  successSchema,
  unreadSchema,
} from './contract.ts';
import type { NoticeService } from './service.ts';

const READ: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
const WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'profile:write' };

export interface NoticeRoutesDeps {
  service: NoticeService;
  publicKey(): string;
}

export function addNoticeRoutes(instance: FastifyInstance, deps: NoticeRoutesDeps): void {
  addListRoutes(instance, deps);
  addPreferenceRoutes(instance, deps);
  addPushRoutes(instance, deps);
}

const of = (summary: string, operationId: string) => ({ tags: ['notices'], summary, operationId });

function addListRoutes(instance: FastifyInstance, { service }: NoticeRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/notices',
    {
      config: { rights: READ },
      schema: {
        ...of('What I was told, the newest first', 'listNotices'),
        querystring: noticesQuerySchema,
        response: { 200: noticePageSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.list(accountOf(request), request.query);
    },
  );

  app.get(
    '/api/notices/unread',
    {
      config: { rights: READ },
      schema: { ...of('How many notices are unread', 'countUnreadNotices'), response: { 200: unreadSchema } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { unread: await service.unread(accountOf(request)) };
    },
  );

  app.post(
    '/api/notices/read',
    {
      config: { rights: WRITE },
      schema: {
        ...of('I have read these notices, or all', 'readNotices'),
        body: readNoticesSchema,
        response: { 200: unreadSchema },
      },
    },
    async (request) => {
      const { body } = request;
      return { unread: await service.read(accountOf(request), 'ids' in body ? body.ids : undefined) };
    },
  );
}

function addPreferenceRoutes(instance: FastifyInstance, { service }: NoticeRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/notices/preferences',
    {
      config: { rights: READ },
      schema: {
        ...of('Of what I want to be told, and how', 'getNoticePreferences'),
        response: { 200: preferencesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.preferences(accountOf(request));
    },
  );

  app.put(
    '/api/notices/preferences',
    {
      config: { rights: WRITE },
      schema: {
        ...of(
          'Change of what I want to be told; kinds that are left out stay. system cannot be switched off',
          'setNoticePreferences',
        ),
        body: changePreferencesSchema,
        response: { 200: preferencesSchema },
      },
    },
    async (request) => service.prefer(accountOf(request), request.body),
  );
}

function addPushRoutes(instance: FastifyInstance, { service, publicKey }: NoticeRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/push/key',
    {
      config: { rights: READ },
      schema: {
        ...of('The key by which a browser subscribes to pushes of this platform', 'getPushKey'),
        response: { 200: pushKeySchema },
      },
    },
    async () => ({ publicKey: publicKey() }),
  );

  app.get(
    '/api/push/subscriptions',
    {
      config: { rights: READ },
      schema: {
        ...of('My browsers that take pushes', 'listPushSubscriptions'),
        response: { 200: pushSubscriptionsSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.subscriptions(accountOf(request));
    },
  );

  app.post(
    '/api/push/subscriptions',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Push to this browser from now on: a PushSubscription as JSON', 'subscribePush'),
        body: subscribePushSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.subscribe(accountOf(request), request.body, request.headers['user-agent'] ?? '');
      return { success: true } as const;
    },
  );

  app.delete(
    '/api/push/subscriptions',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Push to this browser no longer', 'unsubscribePush'),
        body: endPushSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.unsubscribe(accountOf(request), request.body.endpoint);
      return { success: true } as const;
    },
  );
}

export function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
