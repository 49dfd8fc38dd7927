import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import { oembedQuerySchema, oembedSchema } from './contract.ts';
import { oembedOf, oembedXml } from './oembed.ts';
import { shownPage, type ShownPageDeps } from './shown-page.ts';

export interface EmbedRouteDeps extends ShownPageDeps {
  callerOf: CallerOf;
  /** `https://host` of this platform, as it was asked for. */
  originOf(request: FastifyRequest): string;
}

/** oEmbed: how a page of another site shows one of ours. What it answers is everybody's. */
export function addEmbedRoutes(instance: FastifyInstance, { callerOf, originOf, ...deps }: EmbedRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/oembed',
    {
      config: { rights: { who: 'anyone', limit: 'read', acceptsAnyToken: true } },
      schema: {
        tags: ['embed'],
        summary: 'oEmbed 1.0 of a room or a replay that everybody may see',
        operationId: 'oembed',
        querystring: oembedQuerySchema,
        response: { 200: oembedSchema.or(z.string().describe('The same as XML, for `format=xml`')) },
      },
    },
    async (request, reply) => {
      const { url, format, ...size } = request.query;
      if (format !== 'json' && format !== 'xml') throw new AppError('not_supported');
      const origin = originOf(request);
      const asked = new URL(url);
      // http or https: what a proxy in front speaks is not always what we are told.
      if (asked.host !== new URL(origin).host) throw new AppError('not_found');
      const page = await shownPage(deps, asked.pathname, callerOf(request));
      if (page === undefined) throw new AppError('not_found');
      reply
        .header('access-control-allow-origin', '*')
        .header('cross-origin-resource-policy', 'cross-origin')
        .header('cache-control', 'public, max-age=60');
      const oembed = oembedOf(page, { ...size, origin });
      if (format === 'json') return oembed;
      return reply.type('text/xml; charset=utf-8').serializer(String).send(oembedXml(oembed));
    },
  );
}
