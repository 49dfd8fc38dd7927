import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import { recordingSchema, type ReplayShelf } from '../recording/contract.ts';
import { fileParamsSchema, publishVideoSchema } from './contract.ts';
import type { FileStore } from './store.ts';

export interface VideoRouteDeps {
  store: FileStore;
  shelf: ReplayShelf;
  callerOf: CallerOf;
}

export function addVideoRoutes(instance: FastifyInstance, { store, shelf, callerOf }: VideoRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/files/:id/publish',
    {
      config: { rights: { who: 'user', limit: 'write', scope: 'rooms:write' } },
      schema: {
        tags: ['files'],
        summary: 'Publish a video as a replay of the caller; taken back as other replays are',
        operationId: 'publishVideo',
        params: fileParamsSchema,
        body: publishVideoSchema,
        response: { 200: recordingSchema },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const row = await store.find(request.params.id);
      if (row === undefined || row.user_id !== caller.account?.id) throw new AppError('file_not_found');
      if (row.state !== 'ready' || row.recording_id === null) throw new AppError('file_not_ready');
      reply.header('cache-control', 'no-store');
      return shelf.publish(caller, row.recording_id, request.body?.title);
    },
  );
}
