import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { MediaEngine } from '../../engine/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import { addressesSchema, LIVE_APP } from './contract.ts';
import { READ } from './routes.ts';

/** Stand in the addresses for the public name of a stream and for its key. */
const [STREAM, KEY] = ['STREAM', 'KEY'];
const MAX_AGE_SECONDS = 60;

/** Where this server takes streams and gives them out, as the caller reaches it: for instructions, whoever reads them. */
export function addAddressRoutes(
  instance: FastifyInstance,
  { engine, callerOf }: { engine: MediaEngine; callerOf: CallerOf },
): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/addresses',
    {
      config: { rights: READ },
      schema: {
        tags: ['rooms'],
        summary: 'The addresses of streams on this server',
        operationId: 'getAddresses',
        description: `Patterns: \`${STREAM}\` stands for the public name of a stream, \`${KEY}\` for its secret. What the engine cannot do is left out.`,
        response: { 200: addressesSchema },
      },
    },
    async (request, reply) => {
      const { site } = callerOf(request);
      reply.header('cache-control', `private, max-age=${MAX_AGE_SECONDS}`);
      return {
        playUrls: engine.playUrls({ app: LIVE_APP, stream: STREAM, ...site, query: {} }),
        publishUrls: engine.publishUrls({ app: LIVE_APP, stream: STREAM, ...site, query: { key: KEY } }),
        features: { recording: engine.recorder !== undefined, relays: engine.relay !== undefined },
      };
    },
  );
}
