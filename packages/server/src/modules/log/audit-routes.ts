import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { auditEntriesSchema, listAuditSchema } from './contract.ts';
import type { AuditStore } from './audit-store.ts';

export function addAuditRoutes(instance: FastifyInstance, store: AuditStore): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/admin/audit',
    {
      config: { rights: { who: 'admin', limit: 'read', scope: 'admin' } },
      schema: {
        tags: ['admin'],
        summary: 'Who did what, the newest first',
        operationId: 'listAudit',
        querystring: listAuditSchema,
        response: { 200: auditEntriesSchema },
      },
    },
    async (request) => store.list(request.query),
  );
}
