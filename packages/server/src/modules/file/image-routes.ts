import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { noteSchema } from '../../http/plain-text.ts';
import { AppError, type RouteRights } from '../gateway/contract.ts';
import { BodyTooLargeError, readBody } from './body.ts';
import { storedFileSchema, type FileOptions } from './contract.ts';
import { tooLarge } from './library.ts';
import type { Pictures } from './pictures.ts';
import { accountOf } from './routes.ts';
import type { FileService } from './service.ts';

const WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'profile:write' };
/** Bodies that are received at one time, each in memory. */
const MOST_AT_ONCE = 64;
const MOST_AT_ONCE_OF_USER = 6;
/** How long what is still sent is let pass, so that the answer arrives: a connection that is cut takes it along. */
const LINGER_MS = 2000;

const newImageSchema = z.object({
  purpose: z.enum(['avatar', 'cover']),
  name: noteSchema(255).default('').describe('As its owner calls it; only shown'),
});

export interface ImageRouteDeps {
  pictures: Pictures;
  service: FileService;
  options: Pick<FileOptions, 'imageMaxBytes'>;
}

/** Takes pictures as their bytes, unlike the rest of the API, which takes JSON. */
export function addImageRoutes(instance: FastifyInstance, deps: ImageRouteDeps): void {
  const { pictures, service, options } = deps;
  const receiving = new Map<string, number>();
  let received = 0;
  void instance.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Not read before it is known that there is room for it.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.withTypeProvider<ZodTypeProvider>().post(
      '/api/files/images',
      {
        config: { rights: WRITE, takes: 'image/*' },
        schema: {
          tags: ['files'],
          summary: 'Keep a picture: made anew as WebP, 512x512 as an avatar, 1280x720 as a cover',
          operationId: 'uploadImage',
          description:
            'The body is the picture: JPEG, PNG, WebP, GIF (its first picture) or AVIF, known by its content. Nothing else of the file is kept, no place, camera or comment.',
          querystring: newImageSchema,
          response: { 201: storedFileSchema },
        },
      },
      async (request, reply) => {
        const { id } = accountOf(request);
        const mine = receiving.get(id) ?? 0;
        if (received >= MOST_AT_ONCE || mine >= MOST_AT_ONCE_OF_USER) throw new AppError('too_many_connections');
        received++;
        receiving.set(id, mine + 1);
        try {
          const declaredBytes = lengthOf(request);
          const sizeBytes = Math.min(declaredBytes ?? options.imageMaxBytes, options.imageMaxBytes);
          const read = (): Promise<Buffer> => readPicture(request, { declaredBytes, options });
          // Nothing is reserved for what is not taken.
          if ((declaredBytes ?? 0) > sizeBytes) await read();
          const row = await pictures.keep({ userId: id, ...request.query, sizeBytes, read });
          return await reply.code(201).send(await service.one(row));
        } finally {
          received--;
          const left = (receiving.get(id) ?? 1) - 1;
          if (left === 0) receiving.delete(id);
          else receiving.set(id, left);
        }
      },
    );
  });
}

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

async function readPicture(
  request: FastifyRequest,
  { declaredBytes, options }: { declaredBytes: number | undefined; options: Pick<FileOptions, 'imageMaxBytes'> },
): Promise<Buffer> {
  if (!(request.body instanceof Readable)) throw new AppError('image_unreadable');
  try {
    return await readBody(request.body, { declaredBytes, maxBytes: options.imageMaxBytes });
  } catch (error) {
    if (error instanceof BodyTooLargeError) {
      if (error.isUnread) linger(request);
      throw tooLarge(options);
    }
    // Whoever sent it is gone.
    throw new AppError('bad_request');
  }
}

/** Of a body that is not wanted the rest is thrown away for a moment, then the connection ends. */
function linger({ raw }: FastifyRequest): void {
  const { socket } = raw;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  raw.once('end', () => clearTimeout(timer)).resume();
}
