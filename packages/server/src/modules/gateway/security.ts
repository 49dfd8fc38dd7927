import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Site } from '../../engine/contract.ts';
import { hostName } from './caller.ts';
import type { CallerOf } from './contract.ts';

export interface SecurityDeps {
  callerOf: CallerOf;
  /** Media origins that the page may connect to; they depend on the host by which it was reached. */
  connectOrigins(site: Site): string[];
  /** Where files are fetched that are kept elsewhere. */
  storageOrigins?: readonly string[];
  /** Whose pages may show the player in a frame, as CSP writes it; no other page may be framed by anybody else. */
  frameAncestors: readonly string[];
}

/** The player alone, made for pages of other sites. */
const EMBED = /^\/embed\//;
/** Only our own pages go live, and only they ask for a camera. */
const PERMISSIONS = {
  page: 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
  embed: 'camera=(), microphone=(), display-capture=(), geolocation=()',
} as const;

/** Security headers. Other origins get no CORS headers at all, so their pages cannot read any answer. */
export async function addSecurityHeaders(
  app: FastifyInstance,
  { callerOf, connectOrigins, storageOrigins = [], frameAncestors }: SecurityDeps,
): Promise<void> {
  const connectSource = (request: FastifyRequest): string => {
    const { site } = callerOf(request);
    const page = hostName(request.host) === undefined ? '' : `${site.secure ? 'wss' : 'ws'}://${request.host}`;
    return ["'self'", page, ...connectOrigins(site), ...storageOrigins].join(' ');
  };
  // For HLS that a browser plays by itself.
  const mediaOrigins = (request: FastifyRequest): string[] => {
    return connectOrigins(callerOf(request).site).filter((origin) => origin.startsWith('http'));
  };
  // HSTS would bind the whole host, and Kaibo's plain ports with it; it belongs to the proxy in front.
  await app.register(helmet, { contentSecurityPolicy: false, hsts: false });
  app.addHook('onSend', async (request, reply) => {
    const isEmbed = EMBED.test(request.url);
    reply.header('permissions-policy', PERMISSIONS[isEmbed ? 'embed' : 'page']);
    // It knows no list; `frame-ancestors` is the word that counts.
    if (isEmbed) reply.removeHeader('x-frame-options');
    // A page that needs another policy states it.
    if (reply.hasHeader('content-security-policy')) return;
    reply.header(
      'content-security-policy',
      [
        "default-src 'self'",
        "base-uri 'self'",
        `connect-src ${connectSource(request)}`,
        "font-src 'self' data:",
        "form-action 'self'",
        ["frame-ancestors 'self'", ...(isEmbed ? frameAncestors : [])].join(' '),
        "frame-src 'self'",
        ["img-src 'self' data: blob:", ...storageOrigins].join(' '),
        ["media-src 'self' blob:", ...mediaOrigins(request), ...storageOrigins].join(' '),
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "worker-src 'self' blob:",
      ].join('; '),
    );
  });
}
