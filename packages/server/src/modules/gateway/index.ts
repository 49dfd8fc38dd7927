export { measureBreakers, type Breakers } from './breakers.ts';
/** The front of every request. */
export { createGateway, type App } from './app.ts';
export { addAsyncApi } from './asyncapi.ts';
export { makeCallerOf } from './caller.ts';
export { addDocs } from './docs.ts';
export { addEngineHooks } from './engine-hooks.ts';
export { addHealthRoutes } from './health.ts';
export { LoadGuard } from './load.ts';
export { measureHandler, measureStreams } from './media-metrics.ts';
export { createMetrics, measureProtection, measureRequests } from './metrics.ts';
export { metricsListener } from './metrics-server.ts';
export { addMediaProxy } from './media-proxy.ts';
export type { Protection } from './protection.ts';
export { RateLimits } from './rate-limits.ts';
export { redact } from './redact.ts';
export { serveWeb } from './static-web.ts';
