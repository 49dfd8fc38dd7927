import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders } from '../../../http/replies.ts';
import type { CallerOf, RouteRights } from '../../gateway/contract.ts';
import type { Catalogue } from './catalogue.ts';
import {
  adminGiftSchema,
  adminGiftsSchema,
  createGiftSchema,
  giftOrderSchema,
  giftOrdersSchema,
  giftParamsSchema,
  listOrdersSchema,
  refundSchema,
  removedGiftSchema,
  updateGiftSchema,
} from './contract.ts';
import type { Refunds } from './refunds.ts';
import { accountOf } from './routes.ts';
import type { GiftStore } from './store.ts';
import { plainOrder } from './view.ts';

const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };

export interface GiftAdminDeps {
  catalogue: Catalogue;
  refunds: Refunds;
  store: GiftStore;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string) => ({ tags: ['gifts'], summary, operationId });

/** The catalogue, and what was given, for administrators. */
export function addGiftAdminRoutes(instance: FastifyInstance, deps: GiftAdminDeps): void {
  addCatalogueRoutes(instance, deps);
  addOrderRoutes(instance, deps);
}

function addCatalogueRoutes(instance: FastifyInstance, { catalogue, callerOf }: GiftAdminDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/gifts',
    {
      config: { rights: READ },
      schema: { ...of('All gifts, also those that are disabled', 'listAllGifts'), response: { 200: adminGiftsSchema } },
    },
    async () => catalogue.list(),
  );

  app.post(
    '/api/admin/gifts',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Add a gift to the catalogue', 'createGift'),
        body: createGiftSchema,
        response: { 201: adminGiftSchema },
      },
    },
    async (request, reply) => reply.code(201).send(await catalogue.create(callerOf(request), request.body)),
  );

  app.put(
    '/api/admin/gifts/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Change a gift; what was given before stays as it was', 'updateGift'),
        params: giftParamsSchema,
        body: updateGiftSchema,
        response: { 200: adminGiftSchema },
      },
    },
    async (request) => catalogue.change(callerOf(request), request.params.id, request.body),
  );

  app.delete(
    '/api/admin/gifts/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Remove a gift, or disable one that somebody gave before', 'removeGift'),
        params: giftParamsSchema,
        response: { 200: removedGiftSchema },
      },
    },
    async (request) => {
      const deleted = await catalogue.remove(callerOf(request), request.params.id);
      return { success: true, deleted } as const;
    },
  );
}

function addOrderRoutes(instance: FastifyInstance, { refunds, store, callerOf }: GiftAdminDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/gifts/orders',
    {
      config: { rights: READ },
      schema: {
        ...of('What was given, a page of it, the newest first; X-Total-Count has how many there are', 'listGiftOrders'),
        querystring: listOrdersSchema,
        response: { 200: giftOrdersSchema },
      },
    },
    async (request, reply) => {
      const { rows, total } = await store.list(request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return rows.map(plainOrder);
    },
  );

  app.post(
    '/api/admin/gifts/orders/:id/refund',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Give a gift back to its sender; a second time changes nothing', 'refundGift'),
        params: giftParamsSchema,
        body: refundSchema,
        response: { 200: giftOrderSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      return refunds.refund(callerOf(request), accountOf(request), { id, note: request.body?.note });
    },
  );
}
