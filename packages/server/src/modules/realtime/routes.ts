import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import type { RealtimeService } from './service.ts';

const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Upgrades on their way through the router, so that they meet the same hooks as every request. */
interface Upgrade {
  stream: Duplex;
  head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

export function addRealtimeRoutes(
  app: FastifyInstance,
  { service, callerOf }: { service: RealtimeService; callerOf: CallerOf },
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });

  app.get('/ws', { config: { rights: { who: 'anyone', limit: 'socket' } } }, async (request, reply) => {
    const upgrade = upgrades.get(request.raw);
    if (upgrade === undefined) throw new AppError('upgrade_required');
    const caller = callerOf(request);
    if (!caller.sameOrigin) throw new AppError('cross_site');
    reply.hijack();
    sockets.handleUpgrade(request.raw, upgrade.stream, upgrade.head, (socket) =>
      service.accept(socket, upgrade.stream, caller),
    );
    return reply;
  });
}

/** Sends a server's upgrades through `app`'s router; what the router refuses is answered as plain HTTP and closed. */
export function routeUpgrades(app: FastifyInstance, server: Server): void {
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    upgrades.set(request, { stream, head });
    stream.on('error', () => stream.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.on('finish', () => stream.end());
    app.routing(request, response);
  });
}
