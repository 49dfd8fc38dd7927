/** The front of every request. */
export { createGateway, type App } from './app.ts';
export { hostName, makeCallerOf } from './caller.ts';
export { addHealthRoutes, type ReadinessCheck } from './health.ts';
export { createMetrics, createMetricsServer, measureRequests } from './metrics.ts';
export { redact } from './redact.ts';
export { serveWeb } from './static-web.ts';
