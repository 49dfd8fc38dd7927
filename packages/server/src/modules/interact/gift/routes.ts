import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../../http/replies.ts';
import { AppError, type Account, type CallerOf, type RouteRights } from '../../gateway/contract.ts';
import type { RoomDirectory } from '../../live/contract.ts';
import type { RealtimeCommand } from '../../realtime/contract.ts';
import { moneyHeadersSchema } from '../../wallet/contract.ts';
import type { Catalogue } from './catalogue.ts';
import {
  earnedQuerySchema,
  earnedSchema,
  giftAnswerSchema,
  giftCommandSchema,
  giftsSchema,
  roomGiftsQuerySchema,
  roomParamsSchema,
  sendGiftSchema,
  sentGiftsSchema,
} from './contract.ts';
import type { GiftService } from './service.ts';
import type { GiftStore } from './store.ts';
import type { GiftView } from './view.ts';

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const EARNED: RouteRights = { who: 'user', limit: 'read', scope: 'profile:read' };
/** Spending takes no API key: it is for the person who has the coins. */
const SPEND: RouteRights = { who: 'user', limit: 'write' };

export interface GiftRouteDeps {
  catalogue: Catalogue;
  service: GiftService;
  store: GiftStore;
  view: GiftView;
  rooms: RoomDirectory;
  callerOf: CallerOf;
}

const of = (summary: string, operationId: string) => ({ tags: ['gifts'], summary, operationId });

/** What everybody does with gifts. */
export function addGiftRoutes(instance: FastifyInstance, deps: GiftRouteDeps): void {
  addLists(instance, deps);
  addEarned(instance, deps);
  const { service, callerOf } = deps;
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/gifts',
    {
      config: { rights: SPEND },
      schema: {
        ...of('Give a gift to the owner of a room; the same Idempotency-Key is one gift', 'sendGift'),
        params: roomParamsSchema,
        headers: moneyHeadersSchema,
        body: sendGiftSchema,
        response: { 201: giftAnswerSchema },
      },
    },
    async (request, reply) => {
      const { roomId } = request.params;
      const given = { roomId, givenKey: request.headers['idempotency-key'], input: request.body };
      reply.code(201).header('cache-control', 'no-store');
      return service.send(callerOf(request), accountOf(request), given);
    },
  );
}

function addLists(instance: FastifyInstance, { catalogue, store, view, rooms, callerOf }: GiftRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/gifts',
    {
      config: { rights: READ },
      schema: { ...of('Gifts that can be given now', 'listGifts'), response: { 200: giftsSchema } },
    },
    async (request, reply) => sendCacheable(request, reply, await catalogue.offered()),
  );

  app.get(
    '/api/rooms/:roomId/gifts',
    {
      config: { rights: READ },
      schema: {
        ...of('What was given in a room, the newest first', 'listRoomGifts'),
        params: roomParamsSchema,
        querystring: roomGiftsQuerySchema,
        response: { 200: sentGiftsSchema },
      },
    },
    async (request, reply) => {
      const { limit, token } = request.query;
      const { room } = await rooms.standing(callerOf(request), request.params.roomId, { token });
      reply.header('cache-control', 'no-store');
      return view.orders(await store.ofRoom(room.id, limit));
    },
  );
}

function addEarned(instance: FastifyInstance, { store }: GiftRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/gifts/earned',
    {
      config: { rights: EARNED },
      schema: {
        ...of('What gifts brought oneself since then, those that were given back left out', 'getEarned'),
        querystring: earnedQuerySchema,
        response: { 200: earnedSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return store.earned(accountOf(request).id, request.query);
    },
  );
}

/** `{type:'gift', roomId, giftId, count, key}`: the REST call on the socket. */
export function giftCommand(service: GiftService): RealtimeCommand {
  return {
    type: 'gift',
    schema: giftCommandSchema,
    run: async (message, caller) => {
      const { roomId, key, ...input } = giftCommandSchema.parse(message);
      if (caller.account === undefined) throw new AppError('login_required');
      return service.send(caller, caller.account, { roomId, givenKey: key, input });
    },
  };
}

export function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
