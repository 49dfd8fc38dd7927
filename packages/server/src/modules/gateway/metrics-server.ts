import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Answers `/metrics`, to whoever has the token if there is one; nothing else. */
export function metricsListener(registry: Registry, { token }: { token?: string }): RequestListener {
  const expected = token === undefined ? undefined : digestOf(`Bearer ${token}`);
  return (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end();
    // Digests have one length, so that not even the token's is told by the time this takes.
    if (expected !== undefined && !timingSafeEqual(digestOf(request.headers.authorization ?? ''), expected))
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}
