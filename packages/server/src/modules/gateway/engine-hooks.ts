import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import type { EngineCallbacks } from '../../engine/contract.ts';
import type { RouteRights } from './contract.ts';

/** The secret in the path is the right; a crowd of viewers is a crowd of hooks, so that no budget fits. */
const RIGHTS: RouteRights = { who: 'anyone', limit: 'media' };
/** Hooks that wait for an answer; more are refused, and their clients come again. */
const MAX_UNDER_WAY = 1000;

const replySchema = z.object({ code: z.number().describe('0 is yes') });
const document = {
  tags: ['hooks'],
  response: { 200: replySchema },
  params: z.object({ secret: z.string().describe('engine.srs.hooksSecret').meta(SECRET) }),
};

/**
 * Receiver of SRS's HTTP callbacks (contracts.md): SRS sends no header of ours, so that the secret is in the path, which no
 * log shows. A wrong one is answered as if there were no such address.
 */
export function addEngineHooks(app: FastifyInstance, callbacks: EngineCallbacks | undefined): void {
  if (callbacks === undefined) return;
  let underWay = 0;
  const bounded = async (take: () => Promise<number>): Promise<{ code: number }> => {
    if (underWay >= MAX_UNDER_WAY) return { code: 503 };
    underWay++;
    try {
      return { code: await take() };
    } finally {
      underWay--;
    }
  };
  const isOurs = ({ params }: FastifyRequest): boolean => callbacks.knows((params as { secret: string }).secret);
  app.post(
    '/api/hooks/srs/:secret',
    {
      config: { rights: RIGHTS },
      schema: { ...document, summary: 'What SRS asks and tells', operationId: 'takeSrsHook' },
    },
    async (request, reply) => (isOurs(request) ? bounded(() => callbacks.hook(request.body)) : reply.callNotFound()),
  );
  app.post(
    '/api/hooks/srs/:secret/heartbeat',
    {
      config: { rights: RIGHTS },
      schema: { ...document, summary: 'An SRS is alive', operationId: 'takeSrsHeartbeat' },
    },
    async (request, reply) =>
      isOurs(request) ? bounded(() => callbacks.heartbeat(request.body)) : reply.callNotFound(),
  );
}
