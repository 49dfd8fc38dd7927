import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { AppError, type Authenticator, type Caller, type CallerOf } from '../modules/gateway/contract.ts';
import type { Roster } from './roster.ts';

/** Most bytes of one message. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** The largest window; what we compress needs it, so a client that asks for a smaller one gets no compression. */
const DEFLATE_WINDOW_BITS = 15;
/** An upgrade on the root is one of signaling, as the clients of RTCPilot do it. */
const ROOT_ALIAS = '/signaling';

/** Upgrades on their way through the router, so that they meet the same hooks as every request. */
interface Upgrade {
  stream: Duplex;
  head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** The connection under a request that wants to be upgraded. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return upgrades.get(request);
}

const socketQuerySchema = z.object({
  token: z.string().max(4096).optional().describe('Access token, for clients that can set no header'),
});

export interface SocketRouteDeps {
  callerOf: CallerOf;
  authenticator: Authenticator;
  roster: Roster;
}

export interface SocketRoute {
  path: string;
  tag: string;
  summary: string;
  operationId: string;
  accept(socket: WebSocket, stream: Duplex, caller: Caller): void;
}

/** A route that only upgrades: everything is judged before, and refused as plain HTTP. */
export function addSocketRoute(
  app: FastifyInstance,
  { path, tag, summary, operationId, accept }: SocketRoute,
  { callerOf, authenticator, roster }: SocketRouteDeps,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: DEFLATE_WINDOW_BITS,
    },
    clientTracking: false,
  });
  app.get(
    path,
    {
      exposeHeadRoute: false,
      config: { rights: { who: 'anyone', limit: 'socket' } },
      schema: {
        tags: [tag],
        summary,
        operationId,
        querystring: socketQuerySchema,
        response: { 101: z.null().describe('The WebSocket begins') },
      },
    },
    async (request, reply) => {
      const upgrade = upgrades.get(request.raw);
      if (upgrade === undefined) throw new AppError('upgrade_required');
      const asked = callerOf(request);
      if (!asked.mayConnect) throw new AppError('cross_site');
      const { token = '' } = socketQuerySchema.parse(request.query);
      const caller = token === '' ? asked : { ...asked, account: await authenticator.authenticate(token) };
      if (upgrade.stream.destroyed) return reply.hijack();
      roster.assertPlace(caller);
      reply.hijack();
      sockets.handleUpgrade(request.raw, upgrade.stream, upgrade.head, (socket) =>
        accept(socket, upgrade.stream, caller),
      );
      return reply;
    },
  );
}

/** Sends a server's upgrades through `app`'s router; what the router refuses is answered as plain HTTP and closed. */
export function routeUpgrades(app: FastifyInstance, server: Server): void {
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    upgrades.set(request, { stream, head });
    stream.on('error', () => stream.destroy());
    request.url = request.url?.replace(/^\/(?=\?|$)/, ROOT_ALIAS);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.on('finish', () => stream.end());
    app.routing(request, response);
  });
}
