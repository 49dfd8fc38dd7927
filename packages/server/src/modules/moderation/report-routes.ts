import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders } from '../../http/replies.ts';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  listReportsSchema,
  newReportSchema,
  reportDecisionSchema,
  reportedSchema,
  entryParamsSchema,
  reportSchema,
  reportsSchema,
  roomParamsSchema,
  roomEntryParamsSchema,
} from './contract.ts';
import type { ReportDesk } from './report-desk.ts';
import type { ReportService } from './reports.ts';

interface ReportRouteDeps {
  reports: ReportService;
  desk: ReportDesk;
  callerOf: CallerOf;
}

const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
const ADMIN_READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const ADMIN_WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };

const of = (summary: string, operationId: string) => ({ tags: ['moderation'], summary, operationId });

export function addReportRoutes(instance: FastifyInstance, deps: ReportRouteDeps): void {
  addRoomReports(instance, deps);
  addAllReports(instance, deps);
}

function addRoomReports(instance: FastifyInstance, { reports, desk, callerOf }: ReportRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/reports',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Report a message, a user or the room; what it is about is kept as it is now', 'report'),
        params: roomParamsSchema,
        body: newReportSchema,
        response: { 201: reportedSchema },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await reports.add(callerOf(request), request.params.roomId, request.body)),
  );

  app.get(
    '/api/rooms/:roomId/reports',
    {
      config: { rights: READ },
      schema: {
        ...of("Reports of the room's messages, for the owner and moderators", 'listRoomReports'),
        params: roomParamsSchema,
        querystring: listReportsSchema,
        response: { 200: reportsSchema },
      },
    },
    async (request, reply) => {
      const { reports: found, total } = await desk.ofRoom(callerOf(request), request.params.roomId, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return found;
    },
  );

  app.post(
    '/api/rooms/:roomId/reports/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of("Decide on a report of one of the room's messages", 'decideRoomReport'),
        params: roomEntryParamsSchema,
        body: reportDecisionSchema,
        response: { 200: reportSchema },
      },
    },
    async (request) => desk.decideInRoom(callerOf(request), request.params, request.body),
  );
}

function addAllReports(instance: FastifyInstance, { desk, callerOf }: ReportRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/reports',
    {
      config: { rights: ADMIN_READ },
      schema: {
        ...of('All reports: open ones from the oldest on, decided ones from the newest', 'listReports'),
        querystring: listReportsSchema,
        response: { 200: reportsSchema },
      },
    },
    async (request, reply) => {
      const { reports, total } = await desk.all(request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return reports;
    },
  );

  app.post(
    '/api/admin/reports/:id',
    {
      config: { rights: ADMIN_WRITE },
      schema: {
        ...of('Decide on a report', 'decideReport'),
        params: entryParamsSchema,
        body: reportDecisionSchema,
        response: { 200: reportSchema },
      },
    },
    async (request) => desk.decide(callerOf(request), request.params.id, request.body),
  );
}
