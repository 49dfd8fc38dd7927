import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Database } from '../../database/database.ts';
import { addPageHeaders } from '../../http/replies.ts';
import { AppError, type Account, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import type { RedeemCodes } from './codes.ts';
import { moneyHeadersSchema } from './contract.ts';
import {
  csvSchema,
  redeemedSchema,
  redeemSchema,
  statementFilterSchema,
  statementQuerySchema,
  statementSchema,
  walletSchema,
} from './schemas.ts';
import type { WalletService } from './service.ts';
import type { Statements } from './statement.ts';

const TAGS = ['wallet'];
const READ: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
/** Nothing that a forgotten API key should do. */
const WRITE: RouteRights = { who: 'user', limit: 'write' };

export interface WalletRoutesDeps {
  service: WalletService;
  statements: Statements;
  codes: RedeemCodes;
  /** Whose books can be proved. */
  database: Database;
  callerOf: CallerOf;
}

/** One's own coins. */
export function addWalletRoutes(instance: FastifyInstance, deps: WalletRoutesDeps): void {
  const { service, codes, callerOf } = deps;
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/wallet',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'What one has',
        operationId: 'getWallet',
        response: { 200: walletSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.wallet(accountOf(callerOf(request)).id);
    },
  );

  addStatementRoutes(instance, deps);

  app.post(
    '/api/wallet/redeem',
    {
      config: { rights: WRITE },
      schema: {
        tags: TAGS,
        summary: 'Get the coins of a code',
        operationId: 'redeemCode',
        headers: moneyHeadersSchema,
        body: redeemSchema,
        response: { 200: redeemedSchema },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      return codes.redeem(request.body.code, {
        userId: accountOf(caller).id,
        address: caller.address,
        idempotencyKey: request.headers['idempotency-key'],
      });
    },
  );
}

function addStatementRoutes(instance: FastifyInstance, { statements, callerOf }: WalletRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/wallet/statement',
    {
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'What moved, the newest first; X-Total-Count has how many lines there are',
        operationId: 'getStatement',
        querystring: statementQuerySchema,
        response: { 200: statementSchema },
      },
    },
    async (request, reply) => {
      const { lines, total } = await statements.page(accountOf(callerOf(request)).id, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      reply.header('cache-control', 'no-store');
      return lines;
    },
  );

  app.get(
    '/api/wallet/statement.csv',
    {
      exposeHeadRoute: false,
      config: { rights: READ },
      schema: {
        tags: TAGS,
        summary: 'All that moved, for a spreadsheet',
        operationId: 'getStatementCsv',
        querystring: statementFilterSchema,
        response: { 200: csvSchema },
      },
    },
    async (request, reply) => {
      const lines = statements.csv(accountOf(callerOf(request)).id, request.query);
      reply
        .type('text/csv; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="kaibo-statement.csv"');
      // The schema is the document's: a stream is sent as it is.
      return reply.send(Readable.from(lines) as unknown as string);
    },
  );
}

/** The gateway lets nobody else in. @throws AppError login_required */
export function accountOf({ account }: { account: Account | undefined }): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
