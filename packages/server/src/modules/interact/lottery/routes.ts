import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendWritten } from '../../../http/replies.ts';
import type { CallerOf, RouteRights } from '../../gateway/contract.ts';
import {
  entriesQuerySchema,
  entriesSchema,
  lotteriesSchema,
  lotteryParamsSchema,
  lotterySchema,
  ownLotterySchema,
  proofSchema,
  roomParamsSchema,
  startLotterySchema,
  tokenQuerySchema,
} from './contract.ts';
import type { LotteryService } from './service.ts';

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
/** Owner tokens let people without an account use their own rooms. */
const HOLD: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
/** People enter, programs do not: without a scope no API key does. */
const ENTER: RouteRights = { who: 'user', limit: 'write' };

interface Parts {
  service: LotteryService;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string) => ({ tags: ['lotteries'], summary, operationId });
const own = { params: lotteryParamsSchema, response: { 200: ownLotterySchema } };

export function addLotteryRoutes(instance: FastifyInstance, parts: Parts): void {
  addHolding(instance, parts);
  addLooking(instance, parts);
}

function addHolding(instance: FastifyInstance, { service, callerOf }: Parts): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/lotteries',
    {
      config: { rights: HOLD },
      schema: {
        ...of('Begin a lottery; its terms and the commitment to its seed are fixed with it', 'startLottery'),
        params: roomParamsSchema,
        body: startLotterySchema,
        response: { 201: lotterySchema },
      },
    },
    async (request, reply) => {
      const lottery = await service.start(callerOf(request), request.params.roomId, request.body);
      return reply.code(201).send(lottery);
    },
  );

  app.post(
    '/api/lotteries/:id/join',
    {
      config: { rights: ENTER },
      schema: { ...of('Enter a lottery, once', 'joinLottery'), ...own, querystring: tokenQuerySchema },
    },
    async (request) => service.join(callerOf(request), request.params.id, request.query.token),
  );

  app.post(
    '/api/lotteries/:id/draw',
    { config: { rights: HOLD }, schema: { ...of('Close a lottery now and draw', 'drawLottery'), ...own } },
    async (request) => service.draw(callerOf(request), request.params.id),
  );

  app.post(
    '/api/lotteries/:id/cancel',
    { config: { rights: HOLD }, schema: { ...of('Call a lottery off: nobody wins', 'cancelLottery'), ...own } },
    async (request) => service.cancel(callerOf(request), request.params.id),
  );
}

function addLooking(instance: FastifyInstance, { service, callerOf }: Parts): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const config = { rights: READ };

  app.get(
    '/api/rooms/:roomId/lotteries',
    {
      config,
      schema: {
        ...of('The last 20 lotteries of a room, the newest first', 'listLotteries'),
        params: roomParamsSchema,
        querystring: tokenQuerySchema,
        response: { 200: lotteriesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.ofRoom(callerOf(request), request.params.roomId, request.query.token);
    },
  );

  app.get(
    '/api/lotteries/:id',
    { config, schema: { ...of('A lottery', 'getLottery'), ...own, querystring: tokenQuerySchema } },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.get(callerOf(request), request.params.id, request.query.token);
    },
  );

  app.get(
    '/api/lotteries/:id/entries',
    {
      config,
      schema: {
        ...of('Who entered, in order, with the chain of hashes', 'listLotteryEntries'),
        params: lotteryParamsSchema,
        querystring: entriesQuerySchema,
        response: { 200: entriesSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.entries(callerOf(request), request.params.id, request.query);
    },
  );

  app.get(
    '/api/lotteries/:id/proof',
    {
      config,
      schema: {
        ...of('Everything to recompute a draw with, as docs/lottery.md says', 'getLotteryProof'),
        params: lotteryParamsSchema,
        querystring: tokenQuerySchema,
        response: { 200: proofSchema },
      },
    },
    async (request, reply) =>
      sendWritten(request, reply, await service.proof(callerOf(request), request.params.id, request.query.token)),
  );
}
