import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import type { Accounts } from './accounts.ts';
import type { ApiKeys } from './api-keys.ts';
import {
  apiKeysSchema,
  createdApiKeySchema,
  deleteAccountSchema,
  exportSchema,
  idParamsSchema,
  newApiKeySchema,
  sessionsSchema,
  successSchema,
} from './contract.ts';
import { clearLoginCookies } from './cookies.ts';
import { accountOf } from './routes.ts';
import type { Sessions } from './sessions.ts';
import type { AccountStore } from './store.ts';

const TAGS = ['auth'];
const READ: RouteRights = { who: 'user', limit: 'read' };
const WRITE: RouteRights = { who: 'user', limit: 'write' };

export interface AccountRoutesDeps {
  accounts: Accounts;
  sessions: Sessions;
  apiKeys: ApiKeys;
  store: AccountStore;
  callerOf: CallerOf;
  now: () => number;
}

/** What people do with their own account: its logins, its API keys, taking it along and away. */
export function addAccountRoutes(instance: FastifyInstance, deps: AccountRoutesDeps): void {
  addSessionRoutes(instance, deps);
  addApiKeyRoutes(instance, deps);
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/users/me/export',
    {
      config: { rights: READ },
      schema: {
        tags: ['users'],
        summary: 'Everything that is kept of the account',
        operationId: 'exportAccount',
        response: { 200: exportSchema },
      },
    },
    async (request, reply) => {
      reply.header('content-disposition', 'attachment; filename="kaibo-account.json"');
      return deps.accounts.exportData(accountOf(request).id);
    },
  );

  app.delete(
    '/api/users/me',
    {
      config: { rights: { who: 'user', limit: 'login' } },
      schema: {
        tags: ['users'],
        summary: 'Delete the account for good',
        operationId: 'deleteAccount',
        body: deleteAccountSchema,
        response: { 200: successSchema },
      },
    },
    async (request, reply) => {
      await deps.accounts.deleteOwn(accountOf(request).id, {
        password: request.body.password,
        address: deps.callerOf(request).address,
      });
      clearLoginCookies(request, reply);
      return { success: true } as const;
    },
  );
}

function addSessionRoutes(instance: FastifyInstance, { sessions, store, now }: AccountRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/auth/sessions',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'Where the account is logged in',
        operationId: 'listSessions',
        response: { 200: sessionsSchema },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const rows = await store.sessionsOf(account.id, now());
      return rows.toReversed().map((row) => ({
        id: row.id,
        current: row.id === account.sessionId,
        userAgent: row.user_agent,
        address: row.address,
        createdAt: row.created_at,
        lastUsedAt: row.rotated_at,
        expiresAt: row.expires_at,
      }));
    },
  );

  app.delete(
    '/api/auth/sessions/:id',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'End one login',
        operationId: 'endSession',
        params: idParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      const ended = await sessions.end({ userId: accountOf(request).id, sessionId: request.params.id });
      if (ended === 0) throw new AppError('session_not_found');
      return { success: true } as const;
    },
  );
}

function addApiKeyRoutes(instance: FastifyInstance, { apiKeys }: AccountRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/auth/keys',
    {
      config: { rights: READ },
      schema: { tags: TAGS, summary: 'API keys', operationId: 'listApiKeys', response: { 200: apiKeysSchema } },
    },
    async (request) => apiKeys.list(accountOf(request).id),
  );

  app.post(
    '/api/auth/keys',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Make an API key; it is shown this once',
        operationId: 'createApiKey',
        body: newApiKeySchema,
        response: { 201: createdApiKeySchema },
      },
    },
    async (request, reply) => {
      reply.code(201).header('cache-control', 'no-store');
      return apiKeys.create(accountOf(request), request.body);
    },
  );

  app.delete(
    '/api/auth/keys/:id',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Delete an API key; it is refused from now on',
        operationId: 'deleteApiKey',
        params: idParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await apiKeys.delete(accountOf(request).id, request.params.id);
      return { success: true } as const;
    },
  );
}
