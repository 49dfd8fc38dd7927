import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallerOf } from '../gateway/contract.ts';
import { headOf } from './head.ts';
import { addEmbedRoutes } from './routes.ts';
import { shownPage, type ShownPageDeps } from './shown-page.ts';

export interface EmbedDeps extends ShownPageDeps {
  /** Outside address of the platform; left out, that by which it is asked. */
  publicUrl: string | undefined;
}

/** What other sites show of this platform: players in frames, and links with a picture. */
export interface EmbedModule {
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** What stands in the head of a page besides what stands in all; undefined when there is nothing to tell. */
  headOf(request: FastifyRequest, callerOf: CallerOf): Promise<string | undefined>;
}

export function createEmbedModule({ publicUrl, ...deps }: EmbedDeps): EmbedModule {
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  const originOf = ({ protocol, host }: FastifyRequest): string => publicOrigin ?? `${protocol}://${host}`;
  return {
    addRoutes: (app, callerOf) => addEmbedRoutes(app, { ...deps, callerOf, originOf }),
    headOf: async (request, callerOf) => {
      const caller = callerOf(request);
      const page = await shownPage(deps, request.url.split('?', 1)[0] ?? '', caller);
      return page && headOf(page, { origin: originOf(request), language: caller.language });
    },
  };
}
