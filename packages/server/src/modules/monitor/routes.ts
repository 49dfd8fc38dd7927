import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { addPageHeaders } from '../../http/replies.ts';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import { listRoomsSchema, roomSchema } from '../live/contract.ts';
import {
  historySchema,
  monitorConfigSchema,
  monitorStreamsSchema,
  overviewSchema,
  type ConfigSetting,
} from './contract.ts';
import type { MonitorService } from './service.ts';

const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const of = (summary: string, operationId: string) => ({ tags: ['monitor'], summary, operationId });

export interface MonitorRouteDeps {
  service: MonitorService;
  /** Without secrets. */
  settings: readonly ConfigSetting[];
  callerOf: CallerOf;
}

/** What administrators look at. Nothing of it is kept by anybody between. */
export function addMonitorRoutes(instance: FastifyInstance, deps: MonitorRouteDeps): void {
  addOverviewRoutes(instance, deps);
  addDetailRoutes(instance, deps);
}

function addOverviewRoutes(instance: FastifyInstance, { service }: MonitorRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/monitor/overview',
    {
      config: { rights: READ },
      schema: { ...of('How the platform does now', 'getOverview'), response: { 200: overviewSchema } },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.overview();
    },
  );

  app.get(
    '/api/monitor/history',
    {
      config: { rights: READ },
      schema: { ...of('How it did in the last 24 h', 'getMonitorHistory'), response: { 200: historySchema } },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.history();
    },
  );
}

function addDetailRoutes(instance: FastifyInstance, { service, settings, callerOf }: MonitorRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/monitor/streams',
    {
      config: { rights: READ },
      schema: { ...of('Every stream that is carried', 'listMonitorStreams'), response: { 200: monitorStreamsSchema } },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { streams: await service.streams() };
    },
  );

  app.get(
    '/api/monitor/config',
    {
      config: { rights: READ },
      schema: {
        ...of('Every setting of the node that answers, and where it is from; no secrets', 'getMonitorConfig'),
        response: { 200: monitorConfigSchema },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { settings: [...settings] };
    },
  );

  app.get(
    '/api/admin/rooms',
    {
      config: { rights: READ },
      schema: {
        ...of('List rooms, private ones too, and who publishes', 'listAllRooms'),
        querystring: listRoomsSchema,
        response: { 200: z.array(roomSchema) },
      },
    },
    async (request, reply) => {
      const { rooms, total } = await service.rooms(callerOf(request), request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      reply.header('cache-control', 'no-store');
      return rooms;
    },
  );
}
