import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import { moneyHeadersSchema } from './contract.ts';
import type { Payments } from './payments.ts';
import { accountOf } from './routes.ts';
import {
  createdOrderSchema,
  newOrderSchema,
  ordersSchema,
  providerParamsSchema,
  receivedSchema,
  shopSchema,
} from './schemas.ts';

const TAGS = ['wallet'];
const READ: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
const WRITE: RouteRights = { who: 'user', limit: 'write' };
/** Providers prove themselves by their signature. */
const WEBHOOK: RouteRights = { who: 'anyone', limit: 'write', acceptsAnyToken: true };

/** Buying coins. */
export function addPaymentRoutes(
  instance: FastifyInstance,
  { payments, callerOf }: { payments: Payments; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/payments/packages',
    {
      config: { rights: { who: 'anyone', limit: 'read' } },
      schema: {
        ...{ tags: TAGS, summary: 'What coins cost, and how they can be paid', operationId: 'listPackages' },
        response: { 200: shopSchema },
      },
    },
    async () => payments.shop(),
  );

  app.get(
    '/api/payments',
    {
      config: { rights: READ },
      schema: {
        ...{ tags: TAGS, summary: "One's own orders, the newest first", operationId: 'listOrders' },
        response: { 200: ordersSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return payments.ordersOf(accountOf(callerOf(request)).id);
    },
  );

  app.post(
    '/api/payments',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Order coins', operationId: 'orderCoins' },
        headers: moneyHeadersSchema,
        body: newOrderSchema,
        response: { 201: createdOrderSchema },
      },
    },
    async (request, reply) => {
      const { id } = accountOf(callerOf(request));
      const order = await payments.order(id, request.body, request.headers['idempotency-key']);
      return reply.code(201).header('cache-control', 'no-store').send(order);
    },
  );

  addWebhook(instance, payments);
}

function addWebhook(instance: FastifyInstance, payments: Payments): void {
  void instance.register(async (scope) => {
    // What is signed are the bytes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.withTypeProvider<ZodTypeProvider>().post(
      '/api/payments/:provider/webhook',
      {
        config: { rights: WEBHOOK },
        schema: {
          ...{ tags: TAGS, summary: 'What a payment provider tells, signed', operationId: 'receivePayment' },
          params: providerParamsSchema,
          response: { 200: receivedSchema },
        },
      },
      async (request) => {
        const body: unknown = request.body;
        const rawBody = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        await payments.receive(request.params.provider, request.headers, rawBody);
        return { received: true } as const;
      },
    );
  });
}
