import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What a page of a listed origin may read of an answer besides its body. */
const EXPOSED_HEADERS = [
  'ETag',
  'Link',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-Kaibo-Stale',
  'X-Request-Id',
  'X-Total-Count',
];
const PREFLIGHT_SECONDS = 600;

/**
 * Lets pages of the operator's listed origins call the API with tokens of their own. Never with cookies: those are for
 * our own pages (`Caller.sameOrigin`). Every other origin gets no CORS headers, so its pages can read nothing.
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  app.addHook('onRoute', (route) => {
    // The answer to preflights is the plugin's own route.
    if (route.method === 'OPTIONS' && route.url === '*')
      route.config = { ...route.config, rights: { who: 'anyone', limit: 'read' } };
  });
  await app.register(cors, {
    origin: [...origins],
    credentials: false,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-None-Match',
      'Last-Event-ID',
      'X-Owner-Token',
      'Accept-Language',
    ],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
}
