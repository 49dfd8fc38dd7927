import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../http/replies.ts';
import { AppError, type Caller, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import { channelIdOf, roomParamsSchema, type RoomDirectory } from '../live/contract.ts';
import type { Boards, NamedBoard } from './boards.ts';
import {
  boardParamsSchema,
  boardQuerySchema,
  rankBoardSchema,
  supportersQuerySchema,
  supportersSchema,
  type RankEntry,
} from './contract.ts';
import type { Place } from './store.ts';

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };

export interface RankRouteDeps {
  boards: Boards;
  rooms: RoomDirectory;
  callerOf: CallerOf;
}

export function addRankRoutes(instance: FastifyInstance, { boards, rooms, callerOf }: RankRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rank/:board',
    {
      config: { rights: READ },
      schema: {
        tags: ['rankings'],
        summary: 'Who has most viewers, followers or revenue, in the running hour, day or week, or of all time',
        operationId: 'getRanking',
        params: boardParamsSchema,
        querystring: boardQuerySchema,
        response: { 200: rankBoardSchema },
      },
    },
    async (request, reply) => {
      const { board: name } = request.params;
      const { period, limit } = request.query;
      const board = boards.ofPlatform().find((one) => one.board === name && one.period === period);
      if (board === undefined) throw new AppError('invalid_request', { fields: 'period' });
      return sendCacheable(request, reply, { board: name, ...(await answer(board, limit, callerOf(request))) });
    },
  );

  app.get(
    '/api/rooms/:roomId/rank/supporters',
    {
      config: { rights: READ },
      schema: {
        tags: ['rankings'],
        summary: 'Who gave most: in this broadcast, or to its channel this week or of all time',
        operationId: 'getSupporters',
        params: roomParamsSchema,
        querystring: supportersQuerySchema,
        response: { 200: supportersSchema },
      },
    },
    async (request, reply) => {
      const { period, limit, token } = request.query;
      const caller = callerOf(request);
      const { room } = await rooms.standing(caller, request.params.roomId, { token });
      const board = boards.ofRoom(room.id, channelIdOf(room)).find((one) => one.period === period);
      if (board === undefined) throw new AppError('room_not_found');
      return sendCacheable(request, reply, await answer(board, limit, caller));
    },
  );
}

interface Answer {
  period: string;
  start?: number;
  entries: RankEntry[];
  me?: Place;
}

async function answer(board: NamedBoard, limit: number, { account }: Caller): Promise<Answer> {
  const entries = await board.recent();
  return {
    period: board.period,
    start: board.start === 0 ? undefined : board.start,
    entries: entries.slice(0, limit),
    me: account === undefined ? undefined : await ownPlace(board, entries, account.id),
  };
}

async function ownPlace(board: NamedBoard, entries: readonly RankEntry[], userId: string): Promise<Place | undefined> {
  const mine = entries.find((entry) => entry.userId === userId);
  return mine === undefined ? board.placeOf(userId) : { score: mine.score, place: mine.place };
}
