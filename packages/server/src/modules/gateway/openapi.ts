import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RouteRights } from './contract.ts';

const API_VERSION = '1.0.0';

const errorSchema = z
  .object({
    error: z.string().describe('A sentence for a person, in the language that Accept-Language asks for'),
    code: z.string().describe('Stable, for programs'),
    requestId: z.string(),
  })
  .describe('A refusal, or our own fault');

const WHO = {
  anyone: 'Anyone may call.',
  user: 'Needs a login.',
  admin: 'For administrators.',
} as const satisfies Record<RouteRights['who'], string>;

const DESCRIPTION = `Rooms, accounts and events of a Kaibo platform. Messages of the sockets: [AsyncAPI](/asyncapi.json).

Errors are \`{error, code, requestId}\`. A token goes into \`Authorization: Bearer …\`: an access token of a login, or an API key
(\`kbk_…\`) made in the settings. Limits of rate answer 429 with \`Retry-After\`; what cannot be done right now answers 503 with it.`;

/** Describes every route in OpenAPI 3.1, from the schemas by which it is checked. Before the routes. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  const toJsonSchema = createJsonSchemaTransform({});
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kaibo', version: API_VERSION, description: DESCRIPTION },
      tags: [
        { name: 'rooms', description: 'Rooms, and the streams in them' },
        { name: 'viewers', description: 'Who watches' },
        { name: 'relays', description: 'Servers elsewhere that rooms are sent on to' },
        { name: 'recordings', description: 'Broadcasts that were recorded, and their replay' },
        { name: 'files', description: 'Pictures and videos that people uploaded' },
        { name: 'chat', description: 'What is said in a room, and its emotes' },
        { name: 'gifts', description: 'Gifts, and who gave which to whom' },
        { name: 'lotteries', description: 'Lotteries that anybody can check' },
        { name: 'rankings', description: 'Who has most viewers, followers and revenue, and who gave most' },
        { name: 'fans', description: 'Levels and badges of fans' },
        { name: 'overlays', description: 'Goals, and pages that a streaming program shows over the picture' },
        { name: 'moderation', description: 'Kicks, bans, moderators and invitations' },
        { name: 'auth', description: 'Logins, passwords and API keys' },
        { name: 'users', description: 'Accounts, profiles and follows' },
        { name: 'wallet', description: 'Coins, statements, codes and payments' },
        { name: 'notices', description: 'What people are told, in the page and by push' },
        { name: 'webhooks', description: 'What other programs are told' },
        { name: 'realtime', description: 'Events by WebSocket, SSE or polling' },
        { name: 'signaling', description: 'WebRTC between browsers' },
        { name: 'embed', description: 'Players on pages of other sites' },
        { name: 'monitor', description: 'How the platform does, for administrators' },
        { name: 'insight', description: 'How broadcasts went' },
        { name: 'logs', description: 'What the platform said, for administrators' },
        { name: 'admin', description: 'For administrators' },
        { name: 'health', description: 'For load balancers and monitoring' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Access token, or API key (`kbk_…`)' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'kaibo_access', description: "The page's own login" },
        },
      },
    },
    transform: (route) => {
      const described = toJsonSchema({ ...route, schema: describeRights(route.schema, route.route) });
      return { ...described, schema: withBytes(described.schema, route.route) };
    },
    transformObject: jsonSchemaTransformObject,
  });
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  app.addHook('onReady', async () => assertDescribed(routes));
  let document: string | undefined;
  app.get(
    '/openapi.json',
    { config: { rights: { who: 'anyone', limit: 'read' } }, schema: { hide: true } },
    async (_request, reply) => {
      document ??= JSON.stringify(withOptionalBodies(app.swagger(), routes));
      reply.header('cache-control', 'no-cache');
      return reply.type('application/json; charset=utf-8').send(document);
    },
  );
}

/** The body of a route that takes bytes, and not JSON, as its `config.takes` says. */
function withBytes(schema: FastifySchema, { config }: RouteOptions): FastifySchema {
  if (config?.takes === undefined || schema.hide === true) return schema;
  return { ...schema, body: { content: { [config.takes]: { schema: { type: 'string', format: 'binary' } } } } };
}

/** A route that is neither described nor hidden stops the start. */
function assertDescribed(routes: readonly RouteOptions[]): void {
  const silent = routes.filter(({ method, schema }) => {
    if (method === 'HEAD' || schema?.hide === true) return false;
    const { tags, summary, operationId, response } = schema ?? {};
    return tags === undefined || summary === undefined || operationId === undefined || response === undefined;
  });
  if (silent.length === 0) return;
  const names = silent.map(({ method, url }) => `${String(method)} ${url}`).join(', ');
  throw new Error(`routes without tags, summary, operationId or response: ${names}`);
}

/** @fastify/swagger calls every body required. */
function withOptionalBodies(
  document: ReturnType<FastifyInstance['swagger']>,
  routes: readonly RouteOptions[],
): unknown {
  const copy = structuredClone(document) as { paths?: Record<string, Record<string, { requestBody?: Body }>> };
  for (const { method, url, schema } of routes) {
    if (!(schema?.body instanceof z.ZodType) || !schema.body.safeParse(null).success) continue;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const body = copy.paths?.[path]?.[String(method).toLowerCase()]?.requestBody;
    if (body !== undefined) body.required = false;
  }
  return copy;
}

interface Body {
  required?: boolean;
}

/** What a route says of itself in `config.rights`, for people to read. */
function describeRights(schema: FastifySchema | undefined, { config }: RouteOptions): FastifySchema {
  const rights = config?.rights;
  if (schema === undefined || schema.hide === true || rights === undefined) return { ...schema, hide: true };
  const { who, limit, scope } = rights;
  const withoutScope = who === 'anyone' ? 'Any API key will do.' : 'API keys are refused.';
  const key = scope === undefined ? withoutScope : `An API key needs the scope \`${scope}\`.`;
  const said = schema.description === undefined ? '' : `${schema.description}\n\n`;
  return {
    ...schema,
    description: `${said}${WHO[who]} ${key} Rate limit: ${limit}.`,
    security: who === 'anyone' ? [{}, { bearer: [] }, { cookie: [] }] : [{ bearer: [] }, { cookie: [] }],
    response: { ...(schema.response as object), default: errorSchema },
  };
}
