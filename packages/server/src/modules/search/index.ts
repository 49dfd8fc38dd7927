import type { FastifyInstance } from 'fastify';
import type { CallerOf } from '../gateway/contract.ts';
import { addSearchRoutes } from './routes.ts';
import { SearchService, type SearchDeps } from './service.ts';

/** One question over rooms, people and replays. */
export interface SearchModule {
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
}

export function createSearchModule(deps: SearchDeps): SearchModule {
  const service = new SearchService(deps);
  return { addRoutes: (app, callerOf) => addSearchRoutes(app, { service, callerOf }) };
}
