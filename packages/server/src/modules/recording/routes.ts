import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders, sendCacheable } from '../../http/replies.ts';
import type { CallerOf, RouteRights } from '../gateway/contract.ts';
import {
  proofQuerySchema,
  recordingParamsSchema,
  recordingSchema,
  recordingsQuerySchema,
  recordingsSchema,
  recordingSwitchSchema,
  roomParamsSchema,
  roomRecordingsQuerySchema,
  storageSchema,
  successSchema,
  switchRecordingSchema,
  updateRecordingSchema,
} from './contract.ts';
import type { Keeper } from './keeper.ts';
import type { RecordingService } from './service.ts';

/** Owner tokens let people without an account use their own rooms. */
export const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
const ADMIN: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };

export interface RecordingRouteDeps {
  service: RecordingService;
  keeper: Keeper;
  callerOf: CallerOf;
}

export function addRecordingRoutes(instance: FastifyInstance, deps: RecordingRouteDeps): void {
  addListRoutes(instance, deps);
  addOneRoutes(instance, deps);
}

const of = (summary: string, operationId: string) => ({ tags: ['recordings'], summary, operationId });

function addListRoutes(instance: FastifyInstance, { service, keeper, callerOf }: RecordingRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/rooms/:roomId/recording',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Begin or stop to record the broadcast of a room, whatever its mode is', 'switchRecording'),
        params: roomParamsSchema,
        body: switchRecordingSchema,
        response: { 200: recordingSwitchSchema },
      },
    },
    async (request) => service.switch(callerOf(request), request.params.roomId, request.body.on),
  );

  app.get(
    '/api/rooms/:roomId/recordings',
    {
      config: { rights: READ },
      schema: {
        ...of('Recordings of a room: published ones, for its owner all of them', 'listRoomRecordings'),
        params: roomParamsSchema,
        querystring: roomRecordingsQuerySchema,
        response: { 200: recordingsSchema },
      },
    },
    async (request, reply) => {
      const found = await service.ofRoom(callerOf(request), request.params.roomId, request.query);
      addPageHeaders(request, reply, { ...request.query, total: found.total });
      return sendCacheable(request, reply, found.recordings);
    },
  );

  app.get(
    '/api/recordings',
    {
      config: { rights: READ },
      schema: {
        ...of('Published recordings of public rooms, or all of the caller', 'listRecordings'),
        querystring: recordingsQuerySchema,
        response: { 200: recordingsSchema },
      },
    },
    async (request, reply) => {
      const found = await service.list(callerOf(request), request.query);
      addPageHeaders(request, reply, { ...request.query, total: found.total });
      return sendCacheable(request, reply, found.recordings);
    },
  );

  app.get(
    '/api/admin/storage',
    {
      config: { rights: ADMIN },
      schema: {
        ...of('What recordings take, how long there is room, and what is wrong', 'getStorage'),
        tags: ['admin'],
        response: { 200: storageSchema },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return keeper.storage();
    },
  );
}

function addOneRoutes(instance: FastifyInstance, { service, callerOf }: RecordingRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const one = { params: recordingParamsSchema, response: { 200: recordingSchema } };

  app.get(
    '/api/recordings/:id',
    {
      config: { rights: READ },
      schema: { ...of('One recording', 'getRecording'), ...one, querystring: proofQuerySchema },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await service.get(callerOf(request), request.params.id, request.query.token)),
  );

  app.patch(
    '/api/recordings/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Rename a recording, publish it or take it back', 'updateRecording'),
        ...one,
        body: updateRecordingSchema,
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.change(callerOf(request), request.params.id, request.body);
    },
  );

  app.delete(
    '/api/recordings/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Delete a recording with its files, for good', 'deleteRecording'),
        params: recordingParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await service.remove(callerOf(request), request.params.id);
      return { success: true } as const;
    },
  );
}
