import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { sendCacheable } from '../../../http/replies.ts';
import type { CallerOf } from '../../gateway/contract.ts';
import { proofSchema, roomParamsSchema, successSchema } from '../../live/contract.ts';
import { emoteParamsSchema, emoteSchema, emotesSchema, newEmoteSchema } from './contract.ts';
import type { Emotes } from './emotes.ts';
import { MANAGE, READ } from './routes.ts';

/** A picture of 128 kB in base64, and what is around it. */
const BODY_BYTES = 200_000;
const pictureSchema = z.unknown().describe('The picture');

const of = (summary: string, operationId: string) => ({ tags: ['chat'], summary, operationId });

export function addEmoteRoutes(
  instance: FastifyInstance,
  { emotes, callerOf }: { emotes: Emotes; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/rooms/:roomId/emotes',
    {
      config: { rights: READ },
      schema: {
        ...of("Emotes that may be used in a room: the channel's own, and those that all have", 'listEmotes'),
        params: roomParamsSchema,
        querystring: proofSchema,
        response: { 200: emotesSchema },
      },
    },
    async (request, reply) =>
      sendCacheable(request, reply, await emotes.list(callerOf(request), request.params.roomId, request.query)),
  );

  app.post(
    '/api/rooms/:roomId/emotes',
    {
      config: { rights: MANAGE },
      bodyLimit: BODY_BYTES,
      schema: {
        ...of('Add an emote to the channel: its owner', 'addEmote'),
        params: roomParamsSchema,
        body: newEmoteSchema,
        response: { 201: emoteSchema },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await emotes.add(callerOf(request), request.params.roomId, request.body)),
  );

  app.delete(
    '/api/rooms/:roomId/emotes/:emoteId',
    {
      config: { rights: MANAGE },
      schema: {
        ...of('Take an emote from the channel: its owner', 'removeEmote'),
        params: emoteParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await emotes.remove(callerOf(request), request.params.roomId, request.params.emoteId);
      return { success: true } as const;
    },
  );

  app.get(
    '/api/emotes/:emoteId',
    {
      config: { rights: READ },
      schema: {
        ...of('The picture of an emote', 'getEmote'),
        params: emoteParamsSchema.pick({ emoteId: true }),
        response: { 200: pictureSchema },
      },
    },
    async (request, reply) => {
      const { mime, bytes } = await emotes.picture(request.params.emoteId);
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', "default-src 'none'; sandbox");
      return reply.type(mime).send(bytes);
    },
  );
}
