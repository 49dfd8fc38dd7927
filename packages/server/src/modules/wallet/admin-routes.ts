import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders } from '../../http/replies.ts';
import type { RouteRights } from '../gateway/contract.ts';
import { moneyHeadersSchema, moneyKey } from './contract.ts';
import { accountOf, type WalletRoutesDeps } from './routes.ts';
import {
  adjustSchema,
  batchesSchema,
  batchParamsSchema,
  booksSchema,
  codesSchema,
  movedSchema,
  newCodesSchema,
  payoutSchema,
  revokedSchema,
  statementQuerySchema,
  statementSchema,
  userParamsSchema,
  walletSchema,
} from './schemas.ts';
import type { Adjustment } from './service.ts';
import { verifyBooks } from './verify.ts';

const TAGS = ['admin'];
const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };

/** What administrators do with other people's coins. */
export function addWalletAdminRoutes(instance: FastifyInstance, deps: WalletRoutesDeps): void {
  addLookRoutes(instance, deps);
  addAdjustRoutes(instance, deps);
  addCodeRoutes(instance, deps);
  addBooksRoute(instance, deps);
}

function addLookRoutes(instance: FastifyInstance, { service, statements }: WalletRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const params = userParamsSchema;

  app.get(
    '/api/admin/wallets/:userId',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'What somebody has',
        operationId: 'getUserWallet',
        params,
        response: { 200: walletSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.wallet(request.params.userId);
    },
  );

  app.get(
    '/api/admin/wallets/:userId/statement',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: "What moved on somebody's accounts",
        operationId: 'getUserStatement',
        params,
        querystring: statementQuerySchema,
        response: { 200: statementSchema },
      },
    },
    async (request, reply) => {
      const { lines, total } = await statements.page(request.params.userId, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      reply.header('cache-control', 'no-store');
      return lines;
    },
  );
}

function addAdjustRoutes(instance: FastifyInstance, { service, callerOf }: WalletRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const common = { params: userParamsSchema, headers: moneyHeadersSchema, response: { 200: movedSchema } };
  const by = (
    request: FastifyRequest,
    operation: Adjustment['operation'],
  ): Pick<Adjustment, 'operation' | 'actor' | 'key' | 'address'> => {
    const caller = callerOf(request);
    const actor = `user:${accountOf(caller).id}`;
    const key = moneyKey(operation, actor, request.headers['idempotency-key']);
    return { operation, actor, key, address: caller.address };
  };
  const noted = (note: string | undefined): Record<string, string> => (note === undefined ? {} : { note });

  app.post(
    '/api/admin/wallets/:userId/credit',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Give somebody coins', operationId: 'creditWallet' },
        ...common,
        body: adjustSchema,
      },
    },
    async (request) => {
      const { amount, note } = request.body;
      return service.adjust({ ...by(request, 'credit'), ...request.params, amount, details: noted(note) });
    },
  );

  app.post(
    '/api/admin/wallets/:userId/debit',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Take coins back that are not spent', operationId: 'debitWallet' },
        ...common,
        body: adjustSchema,
      },
    },
    async (request) => {
      const { amount, note } = request.body;
      return service.adjust({ ...by(request, 'debit'), ...request.params, amount, details: noted(note) });
    },
  );

  app.post(
    '/api/admin/wallets/:userId/payout',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Write down that a streamer was paid', operationId: 'payOut' },
        ...common,
        body: payoutSchema,
      },
    },
    async (request) => {
      const { amount, reference } = request.body;
      return service.adjust({ ...by(request, 'payout'), ...request.params, amount, details: { reference } });
    },
  );
}

function addCodeRoutes(instance: FastifyInstance, { codes, callerOf }: WalletRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const askerOf = (request: FastifyRequest): { userId: string; address: string } => {
    const caller = callerOf(request);
    return { userId: accountOf(caller).id, address: caller.address };
  };

  app.get(
    '/api/admin/codes',
    {
      config: { rights: READ },
      schema: {
        ...{ tags: TAGS, summary: 'Redeem codes by batch, the newest first', operationId: 'listCodes' },
        response: { 200: batchesSchema },
      },
    },
    async () => codes.batches(),
  );

  app.post(
    '/api/admin/codes',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Make redeem codes; they are shown this once', operationId: 'makeCodes' },
        headers: moneyHeadersSchema,
        body: newCodesSchema,
        response: { 201: codesSchema },
      },
    },
    async (request, reply) => {
      const idempotencyKey = request.headers['idempotency-key'];
      const made = await codes.make(request.body, { ...askerOf(request), idempotencyKey });
      return reply.code(201).header('cache-control', 'no-store').send(made);
    },
  );

  app.delete(
    '/api/admin/codes/:batchId',
    {
      config: { rights: WRITE },
      schema: {
        ...{ tags: TAGS, summary: 'Take back the codes that nobody redeemed', operationId: 'revokeCodes' },
        params: batchParamsSchema,
        response: { 200: revokedSchema },
      },
    },
    async (request) => ({ revoked: await codes.revoke(request.params.batchId, askerOf(request)) }),
  );
}

function addBooksRoute(instance: FastifyInstance, { database }: WalletRoutesDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/admin/ledger/verify',
    {
      config: { rights: READ },
      schema: {
        ...{ tags: TAGS, summary: 'Prove the books of coins; reads all of them', operationId: 'verifyBooks' },
        response: { 200: booksSchema },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return verifyBooks(database);
    },
  );
}
