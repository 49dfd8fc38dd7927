import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { LIVE_APP } from '../live/contract.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import type { CallTokens } from './call-token.ts';
import { POSTER_AT } from './calls.ts';
import { drainSchema, nodesSchema, nodeSchema } from './contract.ts';
import type { NodeService } from './service.ts';

const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };
/** Proven by a token of the platform's own; there is a poster for each viewer of a list. */
const INTERNAL: RouteRights = { who: 'anyone', limit: 'media', acceptsAnyToken: true };
const params = z.object({ id: z.string().max(64) });
const streamParams = z.object({ playId: z.string().max(128) });
const of = (summary: string, operationId: string) => ({ tags: ['monitor'], summary, operationId });

export function addNodeRoutes(
  instance: FastifyInstance,
  { service, callerOf }: { service: NodeService; callerOf: CallerOf },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const actorOf = (request: FastifyRequest) => {
    const { account, address } = callerOf(request);
    return { name: account === undefined ? 'operator' : `user:${account.id}`, address };
  };
  app.get(
    '/api/nodes',
    {
      config: { rights: READ },
      schema: { ...of('Nodes of the platform', 'listNodes'), response: { 200: nodesSchema } },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { nodes: await service.list() };
    },
  );
  app.post(
    '/api/nodes/:id/drain',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Empty a node before it is stopped', 'drainNode'),
        description:
          'It is not ready any more, takes no publishers, sends its sockets to other nodes, and is `drained` when its streams have ended; those that have not in time are cut.',
        params,
        body: drainSchema.default({}),
        response: { 200: nodeSchema },
      },
    },
    async (request) => service.drain(request.params.id, { ...request.body, actor: actorOf(request) }),
  );
  app.post(
    '/api/nodes/:id/undrain',
    {
      config: { rights: WRITE },
      schema: { ...of('Let a node work again that drains', 'undrainNode'), params, response: { 200: nodeSchema } },
    },
    async (request) => service.undrain(request.params.id, { actor: actorOf(request) }),
  );
}

/** What nodes ask each other, and the command line. Nobody else can. */
export function addInternalRoutes(
  instance: FastifyInstance,
  { service, engine, tokens }: { service: NodeService; engine: MediaEngine; tokens: CallTokens },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const route = { config: { rights: INTERNAL }, schema: { hide: true } };
  const actor = { name: 'operator' };
  const assertNode = ({ headers, method, url }: FastifyRequest): void => {
    if (!tokens.isGood(headers.authorization, { method, path: url })) throw new AppError('forbidden');
  };
  app.get('/api/internal/nodes', route, async (request) => {
    assertNode(request);
    return { nodes: await service.list() };
  });
  app.post(
    '/api/internal/nodes/:id/drain',
    { ...route, schema: { hide: true, params, body: drainSchema } },
    (request) => {
      assertNode(request);
      return service.drain(request.params.id, { ...request.body, actor });
    },
  );
  app.post('/api/internal/nodes/:id/undrain', { ...route, schema: { hide: true, params } }, (request) => {
    assertNode(request);
    return service.undrain(request.params.id, { actor });
  });
  const credential = z.object({ credential: z.string().max(200).meta(SECRET) });
  app.post(
    '/api/internal/streams/:playId/yield',
    { ...route, schema: { hide: true, params: streamParams, querystring: credential } },
    async (request) => {
      assertNode(request);
      const stream = { app: LIVE_APP, stream: request.params.playId };
      return { yielded: (await engine.yieldStream?.(stream, request.query.credential)) ?? false };
    },
  );
  app.get(
    '/api/internal/streams/:playId/poster',
    { ...route, schema: { hide: true, params: streamParams } },
    (request, reply) => {
      assertNode(request);
      const poster = engine.poster?.({ app: LIVE_APP, stream: request.params.playId });
      if (poster === undefined) return reply.code(204).send();
      return reply.header('content-type', 'image/jpeg').header(POSTER_AT, String(poster.atMs)).send(poster.jpeg);
    },
  );
}
