import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type Account, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import {
  adminFilesQuerySchema,
  adminFilesSchema,
  fileAddressSchema,
  fileParamsSchema,
  fileQuotaSchema,
  filesQuerySchema,
  filesSchema,
  storedFileSchema,
  successSchema,
} from './contract.ts';
import type { FileService } from './service.ts';

const READ: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
const WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'profile:write' };

export interface FileRouteDeps {
  service: FileService;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string) => ({ tags: ['files'], summary, operationId });

export function addFileRoutes(instance: FastifyInstance, deps: FileRouteDeps): void {
  addOwnRoutes(instance, deps);
  addAddressRoute(instance, deps);
  addAdminRoutes(instance, deps);
}

function addOwnRoutes(instance: FastifyInstance, { service }: FileRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const one = { params: fileParamsSchema };

  app.get(
    '/api/files',
    {
      config: { rights: READ },
      schema: {
        ...of("The caller's files, the newest first", 'listFiles'),
        querystring: filesQuerySchema,
        response: { 200: filesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.list(accountOf(request), request.query);
    },
  );

  app.get(
    '/api/files/quota',
    {
      config: { rights: READ },
      schema: {
        ...of("What the caller's files take, and may take", 'getFileQuota'),
        response: { 200: fileQuotaSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.quota(accountOf(request));
    },
  );

  app.get(
    '/api/files/:id',
    {
      config: { rights: READ },
      schema: { ...of('One file of the caller', 'getFile'), ...one, response: { 200: storedFileSchema } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.get(accountOf(request), request.params.id);
    },
  );

  app.delete(
    '/api/files/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Delete a file for good; what shows it shows it no longer', 'deleteFile'),
        ...one,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.remove(accountOf(request), request.params.id);
      return { success: true } as const;
    },
  );
}

function addAddressRoute(instance: FastifyInstance, { service, callerOf }: FileRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/files/:id/url',
    {
      // What it opens are recordings.
      config: { rights: { who: 'user', limit: 'read', scope: 'rooms:read' } },
      schema: {
        ...of('An address of a file that needs no login, for a while: of a video that is not published', 'getFileUrl'),
        params: fileParamsSchema,
        response: { 200: fileAddressSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.address(callerOf(request), request.params.id);
    },
  );
}

function addAdminRoutes(instance: FastifyInstance, { service, callerOf }: FileRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/files',
    {
      config: { rights: { who: 'admin', limit: 'read', scope: 'admin' } },
      schema: {
        ...of("Everybody's files, the newest first", 'adminListFiles'),
        tags: ['admin'],
        querystring: adminFilesQuerySchema,
        response: { 200: adminFilesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.adminList(request.query);
    },
  );

  app.delete(
    '/api/admin/files/:id',
    {
      config: { rights: { who: 'admin', limit: 'write', scope: 'admin' } },
      schema: {
        ...of('Delete a file of anybody, for good', 'adminDeleteFile'),
        tags: ['admin'],
        params: fileParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.adminRemove(callerOf(request), request.params.id);
      return { success: true } as const;
    },
  );
}

export function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
