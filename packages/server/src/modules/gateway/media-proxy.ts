import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { upgradeOf } from '../../sockets/upgrade.ts';
import type { EngineRtcHttp } from '../../engine/contract.ts';
import { isLoopback, networkOf } from './address.ts';
import { AppError, type CallerOf, type RouteRights } from './contract.ts';
import { answerRtc } from './rtc-http.ts';

/** To the media server on this machine. */
const CONNECT_MS = 5000;
const MAX_FREE_SOCKETS = 64;
/** Of one hop only (RFC 9110, section 7.6.1), and what we say ourselves. */
const DROPPED_HEADERS = new Set([
  'connection',
  // Our page's login is not the media server's business.
  'cookie',
  'forwarded',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);
/** A player may send along whatever login it has; here the URL's own proof counts. */
const RIGHTS: RouteRights = { who: 'anyone', limit: 'socket', acceptsAnyToken: true };
/** The stream's own playlist makes the viewer; what follows comes several times a second. */
const SEGMENT_RIGHTS: RouteRights = { ...RIGHTS, limit: 'media' };
/** `/live` and `/live/ROOM` are pages; media have a file's ending. */
const MEDIA_FILE = String.raw`/live/:file(^[^/]+\.(?:flv|m3u8)$)`;
/** Playlists and segments of one stream. */
const HLS_FILE = String.raw`/live/:stream/:file(^[^/]+\.(?:m3u8|ts|m4s|mp4)$)`;
/** RTCPilot's names for FLV over WebSocket. */
const SOCKET_ALIASES = ['/publish', '/play'];

export interface MediaProxyDeps {
  callerOf: CallerOf;
  /** Where the media server listens for HTTP; undefined when it is not on this machine. */
  target(): { host: string; port: number } | undefined;
  /** Answers what is asked under `/rtc/` itself. */
  rtc?: EngineRtcHttp;
  maxStreams: number;
  maxPerAddress: number;
}

/**
 * For networks that let one port through: media over HTTP and WebSocket, and `/rtc`, are passed on to the media server
 * as they are, with the real client's address. Publishing by POST is not: the platform's port gives a request a minute.
 */
export function addMediaProxy(app: FastifyInstance, deps: MediaProxyDeps): void {
  const proxy = new MediaProxy(deps);
  app.addHook('onClose', async () => proxy.close());
  void app.register(async (scope) => {
    // Whatever is sent is the media server's to read.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const route = { config: { rights: RIGHTS }, exposeHeadRoute: false, schema: { hide: true } };
    const pass = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => proxy.pass(request, reply);
    scope.get(MEDIA_FILE, route, pass);
    scope.route({
      ...route,
      config: { rights: SEGMENT_RIGHTS },
      method: ['GET', 'HEAD'],
      url: HLS_FILE,
      handler: pass,
    });
    for (const path of SOCKET_ALIASES) {
      scope.get(path, route, async (request, reply) => {
        if (upgradeOf(request.raw) === undefined) return reply.callNotFound();
        return proxy.pass(request, reply);
      });
    }
    const { rtc, callerOf } = deps;
    scope.route({
      ...route,
      method: ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/rtc/*',
      handler: rtc === undefined ? pass : (request, reply) => answerRtc({ rtc, callerOf }, request, reply),
    });
  });
}

/** The connections that are passed on. */
class MediaProxy {
  readonly #deps: MediaProxyDeps;
  /** How to end each. */
  readonly #open = new Set<() => void>();
  readonly #perNetwork = new Map<string, number>();
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS });

  constructor(deps: MediaProxyDeps) {
    this.#deps = deps;
  }

  /** @throws AppError engine_unavailable, too_many_connections */
  async pass(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { address } = this.#deps.callerOf(request);
    const target = this.#deps.target();
    if (target === undefined) throw new AppError('engine_unavailable');
    // Whoever left meanwhile is told nothing, and keeps no place.
    if (request.raw.socket.destroyed) return reply.hijack();
    this.#assertPlace(address);
    const headers = {
      ...ownHeaders(request.headers),
      'x-forwarded-for': address,
      'x-forwarded-proto': request.protocol,
    };
    const upgrade = upgradeOf(request.raw);
    if (upgrade === undefined) await this.#passRequest(request, reply, { ...target, address, headers });
    else await this.#passUpgrade(request, reply, { ...target, ...upgrade, address, headers });
    return reply;
  }

  close(): void {
    for (const end of this.#open) end();
    this.#agent.destroy();
  }

  async #passRequest(
    request: FastifyRequest,
    reply: FastifyReply,
    { host, port, address, headers }: { host: string; port: number; address: string; headers: Headers },
  ): Promise<void> {
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    const options = {
      host,
      port,
      headers,
      method: request.method,
      path: request.raw.url,
      // Requests for segments share connections; a stream has its own.
      agent: request.routeOptions.config.rights?.limit === 'media' && this.#agent,
      timeout: CONNECT_MS,
    };
    const upstream = httpRequest(options);
    // From the first byte: somebody who leaves while a stream is waited for is gone at once.
    const leave = this.#enter(address, () => upstream.destroy());
    reply.raw.on('close', () => {
      leave();
      upstream.destroy();
    });
    // Later silence is the stream's own: only connecting is timed.
    upstream.on('timeout', () => {
      if (upstream.socket?.connecting === true) upstream.destroy(new Error('no connection'));
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.on('response', resolve);
      upstream.on('error', reject);
      upstream.on('close', () => reject(new Error('closed')));
    });
    upstream.end(body);
    try {
      const answer = await answered;
      reply.hijack();
      reply.raw.writeHead(answer.statusCode ?? 502, ownHeaders(answer.headers));
      answer.on('error', () => reply.raw.destroy());
      answer.on('close', () => answer.complete || reply.raw.destroy());
      answer.pipe(reply.raw);
    } catch {
      leave();
      if (!reply.raw.destroyed) throw new AppError('engine_unavailable');
      reply.hijack();
    }
  }

  async #passUpgrade(
    request: FastifyRequest,
    reply: FastifyReply,
    tunnel: { host: string; port: number; address: string; headers: Headers; stream: Duplex; head: Buffer },
  ): Promise<void> {
    const { host, port, address, headers, stream, head } = tunnel;
    const upstream = connect({ host, port });
    const leave = this.#enter(address, () => {
      upstream.destroy();
      stream.destroy();
    });
    try {
      await connected(upstream);
    } catch {
      leave();
      upstream.destroy();
      throw new AppError('engine_unavailable');
    }
    reply.hijack();
    if (stream.destroyed) {
      leave();
      upstream.destroy();
      return;
    }
    const lines = Object.entries({ ...headers, connection: 'Upgrade' }).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${String(one)}`),
    );
    upstream.write(`GET ${request.raw.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    for (const [from, to] of [[upstream, stream] as const, [stream, upstream] as const]) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        leave();
        to.destroy();
      });
      from.pipe(to);
    }
  }

  /** @throws AppError too_many_connections */
  #assertPlace(address: string): void {
    const { maxStreams, maxPerAddress } = this.#deps;
    const isCrowded = !isLoopback(address) && (this.#perNetwork.get(networkOf(address)) ?? 0) >= maxPerAddress;
    if (this.#open.size >= maxStreams || isCrowded) throw new AppError('too_many_connections');
  }

  /** Returns how to leave, which is idempotent. */
  #enter(address: string, end: () => void): () => void {
    const network = networkOf(address);
    this.#open.add(end);
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    return () => {
      if (!this.#open.delete(end)) return;
      const left = (this.#perNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.#perNetwork.set(network, left);
      else this.#perNetwork.delete(network);
    };
  }
}

type Headers = Record<string, string | string[]>;

function ownHeaders(headers: IncomingHttpHeaders): Headers {
  // `Connection` names further headers of this hop.
  const ofThisHop = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  ofThisHop.delete('upgrade');
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !DROPPED_HEADERS.has(name) && !ofThisHop.has(name),
  );
  return Object.fromEntries(kept) as Headers;
}

async function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('no connection')), CONNECT_MS);
  socket.once('connect', resolve);
  socket.once('error', reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
