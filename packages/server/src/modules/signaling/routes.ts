import type { FastifyInstance } from 'fastify';
import { addSocketRoute, type SocketRouteDeps } from '../../sockets/upgrade.ts';
import type { SignalingService } from './service.ts';

/** `/signaling`; an upgrade on `/` comes here too. */
export function addSignalingRoutes(
  app: FastifyInstance,
  { service, ...deps }: { service: SignalingService } & SocketRouteDeps,
): void {
  addSocketRoute(
    app,
    {
      path: '/signaling',
      tag: 'signaling',
      summary: 'WebRTC signaling between the peers of a room (messages: AsyncAPI)',
      operationId: 'openSignalingSocket',
      accept: (socket, stream, caller) => service.accept(socket, stream, caller),
    },
    deps,
  );
}
