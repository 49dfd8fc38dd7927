/** WebRTC signaling, `/signaling`. */
export { measureSignaling } from './metrics.ts';
export { addSignalingRoutes } from './routes.ts';
export { SignalingService } from './service.ts';
