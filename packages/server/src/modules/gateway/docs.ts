import { createHash } from 'node:crypto';
import { fastify, type FastifyInstance } from 'fastify';
import type { RouteRights } from './contract.ts';

const PREFIX = '/docs';
const READ: RouteRights = { who: 'anyone', limit: 'read' };

/** The API reference as people read it: Scalar, from this server alone. Its 4 MB are loaded when somebody asks. */
export function addDocs(app: FastifyInstance): void {
  let reference: Promise<FastifyInstance> | undefined;
  for (const url of [PREFIX, `${PREFIX}/`, `${PREFIX}/js/scalar.js`]) {
    app.get(url, { config: { rights: READ }, schema: { hide: true } }, async (request, reply) => {
      reference ??= openReference();
      const answer = await (await reference).inject({ method: 'GET', url, headers: { host: request.host } });
      const { location, 'content-type': type } = answer.headers;
      if (location !== undefined) return reply.redirect(`${PREFIX}/`, 301);
      const isPage = String(type).startsWith('text/html');
      if (isPage) reply.header('content-security-policy', policyOf(answer.body));
      reply.header('cache-control', isPage ? 'no-cache' : 'public, max-age=86400');
      return reply.code(answer.statusCode).type(String(type)).send(answer.rawPayload);
    });
  }
}

async function openReference(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const app = fastify();
  await app.register(scalar, {
    routePrefix: PREFIX,
    configuration: {
      url: '/openapi.json',
      pageTitle: 'Kaibo API',
      favicon: '/favicon.svg',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
    },
  });
  return app;
}

/** Its own inline scripts and no others, and nothing from elsewhere. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, code = '']) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`,
  );
  return [
    "default-src 'self'",
    "base-uri 'self'",
    "connect-src 'self'",
    "font-src 'self' data:",
    "frame-ancestors 'self'",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    `script-src 'self' ${scripts.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
  ].join('; ');
}
