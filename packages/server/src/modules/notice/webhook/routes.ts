import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { RouteRights } from '../../gateway/contract.ts';
import { accountOf } from '../routes.ts';
import {
  createdWebhookSchema,
  createWebhookSchema,
  deliveriesQuerySchema,
  deliveryPageSchema,
  deliverySchema,
  replayedSchema,
  replaySchema,
  updateWebhookSchema,
  webhookParamsSchema,
  webhookSchema,
  webhooksQuerySchema,
  webhooksSchema,
  webhookSuccessSchema,
} from './contract.ts';
import { keeperOf, type WebhookService } from './service.ts';

const READ: RouteRights = { who: 'user', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'rooms:write' };

export function addWebhookRoutes(instance: FastifyInstance, service: WebhookService): void {
  addListRoutes(instance, service);
  addOneRoutes(instance, service);
  addDeliveryRoutes(instance, service);
}

const of = (summary: string, operationId: string) => ({ tags: ['webhooks'], summary, operationId });

function addListRoutes(instance: FastifyInstance, service: WebhookService): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/webhooks',
    {
      config: { rights: READ },
      schema: {
        ...of('My webhooks, or the platform’s', 'listWebhooks'),
        querystring: webhooksQuerySchema,
        response: { 200: webhooksSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.list(keeperOf(accountOf(request)), request.query.platform === 'true');
    },
  );

  app.post(
    '/api/webhooks',
    {
      config: { rights: WRITE },
      schema: {
        ...of(
          'Have events of my rooms posted to a server; the secret that signs them is shown this once',
          'createWebhook',
        ),
        body: createWebhookSchema,
        response: { 201: createdWebhookSchema },
      },
    },
    async (request, reply) => {
      reply.code(201).header('cache-control', 'no-store');
      return service.create(keeperOf(accountOf(request)), request.body);
    },
  );
}

function addOneRoutes(instance: FastifyInstance, service: WebhookService): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const params = webhookParamsSchema;

  app.get(
    '/api/webhooks/:id',
    {
      config: { rights: READ },
      schema: { ...of('One webhook', 'getWebhook'), params, response: { 200: webhookSchema } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.get(keeperOf(accountOf(request)), request.params.id);
    },
  );

  app.patch(
    '/api/webhooks/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Change where a webhook leads, what it is told, or switch it on or off', 'updateWebhook'),
        params,
        body: updateWebhookSchema,
        response: { 200: webhookSchema },
      },
    },
    async (request) => service.update(keeperOf(accountOf(request)), request.params.id, request.body),
  );

  app.delete(
    '/api/webhooks/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Delete a webhook with everything that waits for it', 'deleteWebhook'),
        params,
        response: { 200: webhookSuccessSchema },
      },
    },
    async (request) => {
      await service.remove(keeperOf(accountOf(request)), request.params.id);
      return { success: true } as const;
    },
  );

  app.post(
    '/api/webhooks/:id/secret',
    {
      config: { rights: WRITE },
      schema: {
        ...of('A new secret, shown this once; the old one signs no more', 'rotateWebhookSecret'),
        params,
        response: { 200: createdWebhookSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.rotateSecret(keeperOf(accountOf(request)), request.params.id);
    },
  );
}

function addDeliveryRoutes(instance: FastifyInstance, service: WebhookService): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const params = webhookParamsSchema;

  app.post(
    '/api/webhooks/:id/test',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Deliver a `ping`, signed as everything else', 'testWebhook'),
        params,
        response: { 200: deliverySchema },
      },
    },
    async (request) => service.test(keeperOf(accountOf(request)), request.params.id),
  );

  app.get(
    '/api/webhooks/:id/deliveries',
    {
      config: { rights: READ },
      schema: {
        ...of('What was, is being or could not be delivered', 'listWebhookDeliveries'),
        params,
        querystring: deliveriesQuerySchema,
        response: { 200: deliveryPageSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.deliveries(keeperOf(accountOf(request)), request.params.id, request.query);
    },
  );

  app.post(
    '/api/webhooks/:id/replay',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Deliver again what was delivered or given up', 'replayWebhook'),
        params,
        body: replaySchema,
        response: { 200: replayedSchema },
      },
    },
    async (request) => ({
      replayed: await service.replay(keeperOf(accountOf(request)), request.params.id, request.body?.ids),
    }),
  );
}
