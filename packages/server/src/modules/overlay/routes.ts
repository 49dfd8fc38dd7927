import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sendCacheable } from '../../http/replies.ts';
import { AppError, type Account, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import {
  createdOverlaySchema,
  createOverlaySchema,
  overlayParamsSchema,
  overlaySchema,
  overlaysSchema,
  shownOverlaySchema,
  successSchema,
  updateOverlaySchema,
} from './contract.ts';
import type { Overlays } from './overlays.ts';

/** The token is one of its own kind; whatever else the program sends along says nothing. */
const SHOW: RouteRights = { who: 'anyone', limit: 'read', acceptsAnyToken: true };
const READ: RouteRights = { who: 'user', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'user', limit: 'write', scope: 'rooms:write' };

const of = (summary: string, operationId: string) => ({ tags: ['overlays'], summary, operationId });

export interface OverlayRouteDeps {
  overlays: Overlays;
  callerOf: CallerOf;
}

/** Tokens of pages in streaming programs, and what such a page asks. */
export function addOverlayRoutes(instance: FastifyInstance, deps: OverlayRouteDeps): void {
  addShowRoute(instance, deps);
  addTokenRoutes(instance, deps);
}

function addShowRoute(instance: FastifyInstance, { overlays, callerOf }: OverlayRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/overlay',
    {
      config: { rights: SHOW },
      schema: {
        ...of('What a page with an overlay token (`Authorization: Bearer kov_…`) shows', 'showOverlay'),
        response: { 200: shownOverlaySchema },
      },
    },
    async (request, reply) => sendCacheable(request, reply, await overlays.show(callerOf(request))),
  );
}

function addTokenRoutes(instance: FastifyInstance, { overlays, callerOf }: OverlayRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/overlays',
    {
      config: { rights: READ },
      schema: {
        ...of('Overlays of the caller; without their tokens', 'listOverlays'),
        response: { 200: overlaysSchema },
      },
    },
    async (request) => overlays.list(accountOf(request)),
  );

  app.post(
    '/api/overlays',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Make an overlay; its token is shown this once', 'createOverlay'),
        body: createOverlaySchema,
        response: { 201: createdOverlaySchema },
      },
    },
    async (request, reply) => {
      const made = await overlays.create(callerOf(request), accountOf(request), request.body);
      return reply.code(201).header('cache-control', 'no-store').send(made);
    },
  );

  app.put(
    '/api/overlays/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Change what an overlay shows; its page knows within seconds', 'updateOverlay'),
        params: overlayParamsSchema,
        body: updateOverlaySchema,
        response: { 200: overlaySchema },
      },
    },
    async (request) => overlays.change(accountOf(request), request.params.id, request.body),
  );

  app.delete(
    '/api/overlays/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Take an overlay its right', 'removeOverlay'),
        params: overlayParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await overlays.remove(callerOf(request), accountOf(request), request.params.id);
      return { success: true } as const;
    },
  );
}

function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}
