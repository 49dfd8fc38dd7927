import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { sendPicture } from '../../http/replies.ts';
import { roomParamsSchema, roomQuerySchema } from './contract.ts';
import { READ, type RoomRouteDeps } from './routes.ts';

/** A picture is replaced about as often. */
const MAX_AGE_SECONDS = 10;

/** The last picture of a room's stream; `v` in its address is for caches, and chooses nothing. */
export function addPosterRoutes(instance: FastifyInstance, { service, callerOf }: RoomRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/rooms/:roomId/poster',
    {
      config: { rights: READ },
      schema: {
        tags: ['rooms'],
        summary: 'A picture of what is live in a room',
        operationId: 'getRoomPoster',
        description:
          'A JPEG, 640 pixels wide, not much older than ten seconds. 404 where there is none: before the first, or without ffmpeg. `poster` of a room is its address.',
        params: roomParamsSchema,
        querystring: roomQuerySchema,
        response: { 200: { content: { 'image/jpeg': { schema: z.instanceof(Buffer) } } } },
      },
    },
    async (request, reply) => {
      const { token } = request.query;
      const { poster, isPrivate } = await service.poster(callerOf(request), request.params.roomId, token);
      const cacheControl = `${isPrivate ? 'private' : 'public'}, max-age=${MAX_AGE_SECONDS}`;
      return sendPicture(request, reply, { ...poster, cacheControl });
    },
  );
}
