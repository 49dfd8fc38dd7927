/** The realtime socket `/ws` and the events of `/api/events`. */
export { measureRealtime } from './metrics.ts';
export { addRealtimeRoutes } from './routes.ts';
export { RealtimeService, type RealtimeOptions } from './service.ts';
