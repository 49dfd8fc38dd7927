import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { RoomMembership } from '../../database/schema.ts';
import type { CallerOf } from '../gateway/contract.ts';
import { roomParamsSchema, successSchema } from './contract.ts';
import { addPageHeaders } from '../../http/replies.ts';
import {
  banSchema,
  inviteSchema,
  kickSchema,
  memberSchema,
  membersSchema,
  pageSchema,
  personParamsSchema,
  userParamsSchema,
} from './member-schemas.ts';
import type { MemberService } from './members.ts';
import { READ, WRITE } from './routes.ts';

interface MemberRouteDeps {
  members: MemberService;
  callerOf: CallerOf;
}

const DONE = { success: true } as const;

export function addMemberRoutes(instance: FastifyInstance, deps: MemberRouteDeps): void {
  addLists(instance, deps);
  addBans(instance, deps);
  addModeratorsAndInvites(instance, deps);
}

function describe(summary: string, operationId: string): { tags: string[]; summary: string; operationId: string } {
  return { tags: ['moderation'], summary, operationId };
}

function addLists(instance: FastifyInstance, { members, callerOf }: MemberRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const lists: [string, RoomMembership, string, string][] = [
    ['bans', 'banned', 'Who is banned', 'listBans'],
    ['moderators', 'moderator', 'Who moderates', 'listModerators'],
    ['invites', 'invited', 'Who is invited', 'listInvites'],
  ];
  for (const [path, kind, summary, operationId] of lists) {
    app.get(
      `/api/rooms/:roomId/${path}`,
      {
        config: { rights: READ },
        schema: {
          ...describe(`${summary}, for the owner and moderators`, operationId),
          params: roomParamsSchema,
          querystring: pageSchema,
          response: { 200: membersSchema },
        },
      },
      async (request, reply) => {
        const page = { ...request.query, kind };
        const { members: found, total } = await members.list(callerOf(request), request.params.roomId, page);
        addPageHeaders(request, reply, { ...request.query, total });
        return found;
      },
    );
  }
}

function addBans(instance: FastifyInstance, { members, callerOf }: MemberRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/kick',
    {
      config: { rights: WRITE },
      schema: {
        ...describe('Send somebody out; they may come back', 'kickViewer'),
        params: roomParamsSchema,
        body: kickSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await members.kick(callerOf(request), request.params.roomId, request.body.person);
      return DONE;
    },
  );

  app.post(
    '/api/rooms/:roomId/bans',
    {
      config: { rights: WRITE },
      schema: {
        ...describe('Send somebody out and keep them out', 'banViewer'),
        params: roomParamsSchema,
        body: banSchema,
        response: { 200: memberSchema },
      },
    },
    async (request) => members.ban(callerOf(request), request.params.roomId, request.body),
  );

  app.delete(
    '/api/rooms/:roomId/bans/:person',
    {
      config: { rights: WRITE },
      schema: {
        ...describe('Let somebody in again', 'unbanViewer'),
        params: personParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await members.unban(callerOf(request), request.params.roomId, request.params.person);
      return DONE;
    },
  );
}

function addModeratorsAndInvites(instance: FastifyInstance, { members, callerOf }: MemberRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const rights = { config: { rights: WRITE } };
  const oneUser = { params: userParamsSchema, response: { 200: successSchema } };

  app.put(
    '/api/rooms/:roomId/moderators/:userId',
    {
      ...rights,
      schema: { ...describe('Name a moderator', 'addModerator'), ...oneUser, response: { 200: memberSchema } },
    },
    async (request) => members.addModerator(callerOf(request), request.params.roomId, request.params.userId),
  );

  app.delete(
    '/api/rooms/:roomId/moderators/:userId',
    { ...rights, schema: { ...describe('Take the moderation away', 'removeModerator'), ...oneUser } },
    async (request) => {
      await members.removeModerator(callerOf(request), request.params.roomId, request.params.userId);
      return DONE;
    },
  );

  app.post(
    '/api/rooms/:roomId/invites',
    {
      ...rights,
      schema: {
        ...describe('Let an account into a private room', 'inviteUser'),
        params: roomParamsSchema,
        body: inviteSchema,
        response: { 200: memberSchema },
      },
    },
    async (request) => members.invite(callerOf(request), request.params.roomId, request.body),
  );

  app.delete(
    '/api/rooms/:roomId/invites/:userId',
    { ...rights, schema: { ...describe('Take an invitation back', 'uninviteUser'), ...oneUser } },
    async (request) => {
      await members.uninvite(callerOf(request), request.params.roomId, request.params.userId);
      return DONE;
    },
  );
}
