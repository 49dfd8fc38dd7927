import type { FastifyInstance } from 'fastify';
import type { Database } from '../../database/database.ts';
import { addAuditRoutes } from './routes.ts';
import { AuditStore } from './store.ts';

/** Who did what, for administrators. */
export interface LogModule {
  addRoutes(app: FastifyInstance): void;
}

export function createLogModule(database: Database): LogModule {
  const store = new AuditStore(database);
  return { addRoutes: (app) => addAuditRoutes(app, store) };
}
