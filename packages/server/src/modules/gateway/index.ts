/** The front of every request. */
export { createGateway, type App } from './app.ts';
export { makeCallerOf } from './caller.ts';
export { addHealthRoutes } from './health.ts';
export { countDisconnects, createMetrics, createMetricsServer, measureRequests } from './metrics.ts';
export { redact } from './redact.ts';
export { serveWeb } from './static-web.ts';
