import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** With an ETag of the body, so that polling what did not change costs a 304. */
export function sendCacheable(request: FastifyRequest, reply: FastifyReply, body: unknown): FastifyReply {
  const text = JSON.stringify(body);
  const etag = `W/"${createHash('sha1').update(text).digest('base64url')}"`;
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  if (knows(request, etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(text);
}

/** JSON that was written before, with the ETag that it was given then. */
export function sendWritten(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, bytes }: { etag: string; bytes: Buffer },
): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  if (knows(request, etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(bytes);
}

/** A picture that is replaced by a newer one now and then; `atMs` tells one from another. */
export function sendPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  { jpeg, atMs, cacheControl }: { jpeg: Buffer; atMs: number; cacheControl: string },
): FastifyReply {
  const etag = `"${atMs.toString(36)}"`;
  reply
    .header('etag', etag)
    .header('last-modified', new Date(atMs).toUTCString())
    .header('cache-control', cacheControl);
  if (knows(request, etag)) return reply.code(304).send();
  return reply.type('image/jpeg').send(jpeg);
}

/** Whether the caller has it already; the weak comparison of RFC 9110, 13.1.2. */
function knows(request: FastifyRequest, etag: string): boolean {
  const weak = (tag: string): string => tag.trim().replace(/^W\//, '');
  const known = (request.headers['if-none-match'] ?? '').split(',').map(weak);
  return known.includes(weak(etag)) || known.includes('*');
}

/** `X-Total-Count`, and RFC 8288 links to the neighbouring pages, as paths. */
export function addPageHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  { page, pageSize, total }: { page: number; pageSize: number; total: number },
): void {
  reply.header('x-total-count', total);
  const last = Math.max(1, Math.ceil(total / pageSize));
  if (last === 1 && page === 1) return;
  const links = Object.entries({ first: 1, prev: page - 1, next: page + 1, last })
    .filter(([, target]) => target >= 1 && target <= last)
    .map(([relation, target]) => {
      const url = new URL(request.url, 'http://here');
      url.searchParams.set('page', String(target));
      url.searchParams.set('pageSize', String(pageSize));
      return `<${url.pathname}${url.search}>; rel="${relation}"`;
    });
  if (links.length > 0) reply.header('link', links.join(', '));
}
