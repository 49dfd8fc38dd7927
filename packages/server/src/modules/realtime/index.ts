/** The realtime socket `/ws`. */
export { addRealtimeRoutes, routeUpgrades } from './routes.ts';
export { RealtimeService, type RealtimeOptions } from './service.ts';
