import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { RouteRights } from '../gateway/contract.ts';
import type { Accounts } from './accounts.ts';
import {
  adminUserSchema,
  adminUsersSchema,
  banSchema,
  createUserSchema,
  idParamsSchema,
  listUsersSchema,
  resetLinkSchema,
  roleSchema,
  successSchema,
  type AdminUser,
} from './contract.ts';
import type { KeyRing } from './keyring.ts';
import type { Resets } from './resets.ts';
import { accountOf, accountView } from './routes.ts';
import { isBanned, type AccountStore, type UserRow } from './store.ts';

const TAGS = ['admin'];
const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };

export interface AdminRoutesDeps {
  accounts: Accounts;
  resets: Resets;
  store: AccountStore;
  keys: KeyRing;
  publicUrl: string | undefined;
  now: () => number;
}

/** What administrators do with accounts. */
export function addAdminRoutes(instance: FastifyInstance, deps: AdminRoutesDeps): void {
  addListRoutes(instance, deps);
  addChangeRoutes(instance, deps);
  addResetLinkRoute(instance, deps);
}

function addListRoutes(instance: FastifyInstance, { accounts, store, keys, now }: AdminRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/users',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'Accounts, a page of them; X-Total-Count has how many there are',
        operationId: 'listUsers',
        querystring: listUsersSchema,
        response: { 200: adminUsersSchema },
      },
    },
    async (request, reply) => {
      const { rows, total } = await store.list(request.query, now());
      reply.header('x-total-count', total);
      return rows.map((row) => adminView(row, now()));
    },
  );

  app.post(
    '/api/admin/users',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Make an account for somebody',
        operationId: 'createUser',
        body: createUserSchema,
        response: { 201: adminUserSchema },
      },
    },
    async (request, reply) => {
      const user = await accounts.create(request.body, `user:${accountOf(request).id}`);
      reply.code(201);
      return adminView(user, now());
    },
  );

  app.post(
    '/api/admin/token-keys/rotate',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Sign access tokens with a new key; those that are out stay good until they end',
        operationId: 'rotateTokenKey',
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await keys.rotate(`user:${accountOf(request).id}`);
      return { success: true } as const;
    },
  );
}

function addChangeRoutes(instance: FastifyInstance, { accounts, now }: AdminRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.put(
    '/api/admin/users/:id/role',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Make an account an administrator, or no longer',
        operationId: 'setUserRole',
        params: idParamsSchema,
        body: roleSchema,
        response: { 200: adminUserSchema },
      },
    },
    async (request) => {
      const actor = `user:${accountOf(request).id}`;
      return adminView(await accounts.setRole(request.params.id, request.body.role, actor), now());
    },
  );

  app.post(
    '/api/admin/users/:id/ban',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Ban an account: its logins, rooms and streams end',
        operationId: 'banUser',
        params: idParamsSchema,
        body: banSchema,
        response: { 200: adminUserSchema },
      },
    },
    async (request) => {
      const actor = `user:${accountOf(request).id}`;
      return adminView(await accounts.ban(request.params.id, request.body, actor), now());
    },
  );

  app.delete(
    '/api/admin/users/:id/ban',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Lift the ban of an account',
        operationId: 'unbanUser',
        params: idParamsSchema,
        response: { 200: adminUserSchema },
      },
    },
    async (request) => adminView(await accounts.unban(request.params.id, `user:${accountOf(request).id}`), now()),
  );
}

function addResetLinkRoute(instance: FastifyInstance, { resets, publicUrl }: AdminRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/admin/users/:id/reset-link',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'A link by which the account sets a new password, good for an hour',
        operationId: 'makeResetLink',
        params: idParamsSchema,
        response: { 200: resetLinkSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const origin = publicUrl ?? `${request.protocol}://${request.host}`;
      return resets.link(request.params.id, { actor: `user:${accountOf(request).id}`, origin });
    },
  );
}

function adminView(row: UserRow, nowMs: number): AdminUser {
  return {
    ...accountView(row),
    email: row.email,
    isBanned: isBanned(row, nowMs),
    bannedUntil: row.banned_until,
    banReason: row.ban_reason,
    createdAt: row.created_at,
    lastLoginAt: row.last_login_at,
  };
}
