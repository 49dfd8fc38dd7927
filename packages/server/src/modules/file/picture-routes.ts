import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { byteRangeOf } from '../../storage/byte-range.ts';
import { AppError, type RouteRights } from '../gateway/contract.ts';
import { PICTURES } from './contract.ts';
import { pictureFile, WEBP } from './keys.ts';
import type { PictureShelf } from './shelf.ts';

/** Pages show many; a browser asks for each once. */
const SHOW: RouteRights = { who: 'anyone', limit: 'media', acceptsAnyToken: true };
const CACHE = 'public, max-age=31536000, immutable';
/** Whatever anybody could make of it, were it opened by itself. */
const POLICY = "default-src 'none'; sandbox";

const smaller = [...PICTURES.avatar.widths.slice(1), ...PICTURES.cover.widths.slice(1)];
const nameSchema = z.object({ name: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.webp$/) });
const sizeSchema = z.object({
  w: z.coerce
    .number()
    .refine((width) => smaller.some((one) => one === width), `one of ${smaller.join(', ')}`)
    .optional()
    .describe('So many pixels wide: 64, 128, 256 of an avatar, 320, 640 of a cover'),
});

/** Pictures, for everybody, for good. */
export function addPictureRoutes(instance: FastifyInstance, shelf: PictureShelf): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/files/:name',
    {
      config: { rights: SHOW },
      schema: {
        tags: ['files'],
        summary: 'A picture, such as /files/ID.webp',
        operationId: 'getPicture',
        params: nameSchema,
        querystring: sizeSchema,
        response: { 200: { content: { [WEBP]: { schema: z.instanceof(Buffer) } } } },
      },
    },
    async (request, reply) => {
      const id = request.params.name.slice(0, -'.webp'.length);
      const size = request.query.w ?? 'full';
      return send(request, reply, { etag: `"${id}-${size}"`, bytes: await shelf.read(pictureFile(id, size)) });
    },
  );
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, bytes }: { etag: string; bytes: Buffer },
): FastifyReply {
  reply.header('etag', etag).header('accept-ranges', 'bytes').header('cache-control', CACHE);
  reply.header('content-security-policy', POLICY).header('content-disposition', 'inline');
  // Other sites may show what links to rooms show.
  reply.header('cross-origin-resource-policy', 'cross-origin');
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return reply.code(304).send();
  const condition = request.headers['if-range'];
  const isWhole = condition !== undefined && condition !== etag;
  const range = isWhole ? undefined : byteRangeOf(request.headers.range, bytes.length);
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${bytes.length}`).header('cache-control', 'no-store');
    throw new AppError('range_not_satisfiable');
  }
  reply.type(WEBP);
  if (range === undefined) return reply.send(bytes);
  reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${bytes.length}`);
  return reply.send(bytes.subarray(range.start, range.end + 1));
}
