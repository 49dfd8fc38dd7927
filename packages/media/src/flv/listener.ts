import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { MediaClient, MediaProtocol } from '../hooks/contract.ts';
import { randomClientId } from '../hub/client-id.ts';
import { HlsHttp } from '../hls/http.ts';
import { isHlsRequest } from '../hls/route.ts';
import type { SessionHost } from '../hub/session-host.ts';
import type { StreamAddress } from '../hub/stream-name.ts';
import { isRtcRequest, RtcHttp } from '../rtc/http.ts';
import { addressOf } from '../rtc/request-client.ts';
import { type Certificate, secureContextOf } from '../tls.ts';
import { publishHttpFlv } from './http-publisher.ts';
import { HttpFlvSubscriber } from './http-subscriber.ts';
import { CORS_HEADERS, NOT_PUBLISHED, refuse, refuseUpgrade } from './reply.ts';
import { routeFlv } from './route.ts';
import { publishWsFlv } from './ws-publisher.ts';
import { WsFlvSubscriber } from './ws-subscriber.ts';

const KEEP_ALIVE_MS = 30_000;
/** Between two requests on one connection: players of HLS ask again after a target duration at the latest. */
const IDLE_MS = 15_000;
const BACKLOG = 4096;
/** An FLV tag is at most 16 MiB; a frame that holds more than one such is nobody's encoder. */
const MAX_PUBLISH_FRAME_BYTES = 17 * 1024 * 1024;
/** Players send pongs and closes. */
const MAX_PLAY_FRAME_BYTES = 4096;
const SUB_PROTOCOL_PREFERENCE = ['post', 'publisher'];

/** What Node found wrong with a request head, where 400 does not say it. */
const HEAD_ERRORS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** HTTP-FLV, WS-FLV and WebRTC's WHIP and WHEP, or their TLS forms when given a certificate, on a port shared by all workers. */
export class FlvListener {
  #server: http.Server | https.Server;
  #host: SessionHost;
  #port: number;
  #secure: boolean;
  #players = webSocketServer(MAX_PLAY_FRAME_BYTES);
  #publishers = webSocketServer(MAX_PUBLISH_FRAME_BYTES);
  /** Sockets that carry media: another request on them (pipelining) would write into it. */
  #busy = new WeakSet<Duplex>();
  #rtc: RtcHttp;
  #hls: HlsHttp;

  constructor(host: SessionHost, certificate?: Certificate) {
    const { limits, http: plain, https: secure } = host.options;
    this.#host = host;
    this.#rtc = new RtcHttp({ door: host.rtc, bodyMs: limits.handshakeMs });
    this.#hls = new HlsHttp({ shelf: host.hls, playWaitMs: limits.playWaitMs });
    this.#secure = certificate !== undefined;
    this.#port = this.#secure ? secure.port : plain.port;
    const options = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.handshakeMs,
      keepAliveTimeout: IDLE_MS,
      requestTimeout: 0, // a POST publisher runs for days; PublisherWatch ends a silent one
      connectionsCheckingInterval: 1000,
    };
    this.#server = certificate
      ? https.createServer({
          ...options,
          ...secureContextOf(certificate),
          ALPNProtocols: ['http/1.1'],
          handshakeTimeout: limits.handshakeMs,
        })
      : http.createServer(options);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#request(request, response);
    this.#server.on('connection', (socket: Socket) => host.admit(socket));
    this.#server.on('request', onRequest);
    this.#server.on('checkContinue', onRequest);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => this.#refuseHead(error, socket));
  }

  listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(
      { port: this.#port, host: this.#host.options.host, reusePort: true, backlog: BACKLOG },
      resolve,
    );
    return promise;
  }

  /** New connections get this certificate; one without TLS has none. */
  renew(certificate: Certificate): void {
    if (this.#server instanceof https.Server) this.#server.setSecureContext(secureContextOf(certificate));
  }

  close(): void {
    this.#hls.close();
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    if (isRtcRequest(request)) {
      this.#contain(this.#rtc.answer(request, response), request.socket);
      return;
    }
    if (isHlsRequest(request) && !this.#busy.has(request.socket)) {
      this.#contain(this.#hls.answer(request, response), request.socket);
      return;
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS_HEADERS).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'POST') {
      refuse(response, { status: 405, code: 'method_not_allowed', message: 'Use GET to play or POST to publish.' });
      return;
    }
    const route = routeFlv(request, { socket: false });
    if ('status' in route) {
      refuse(response, route);
      return;
    }
    // An answer that is still under way on this connection (pipelining) would be written into the media.
    if (this.#busy.has(request.socket) || response.socket === null) {
      request.socket.destroy();
      return;
    }
    this.#busy.add(request.socket);
    const client = this.#client(request, route.address, 'http-flv');
    if (request.method === 'HEAD') this.#contain(this.#head(response, client), request.socket);
    else if (route.intent === 'publish')
      this.#contain(publishHttpFlv(this.#host, { request, response, client }), request.socket);
    else this.#contain(new HttpFlvSubscriber(response, client).start(this.#host, client), request.socket);
  }

  async #head(response: ServerResponse, client: MediaClient): Promise<void> {
    const probe = await this.#host.probe(client);
    if (probe.action === 'deny') refuse(response, probe);
    else if (!probe.publishing) refuse(response, NOT_PUBLISHED);
    else response.writeHead(200, { ...CORS_HEADERS, 'Content-Type': 'video/x-flv', Connection: 'close' }).end();
  }

  /** A request head that cannot be read. On a socket that plays, an answer would stand in the middle of the media. */
  #refuseHead({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#busy.has(socket) || !socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${HEAD_ERRORS[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#busy.has(socket)) {
      socket.destroy();
      return;
    }
    this.#busy.add(socket);
    socket.on('error', () => undefined); // 'close' follows
    socket.once('end', () => socket.end()); // Node's HTTP leaves the other half open: a player that waits may go
    const route = routeFlv(request, { socket: true });
    if ('status' in route) {
      refuseUpgrade(socket, route);
      return;
    }
    const client = this.#client(request, route.address, 'ws-flv');
    const server = route.intent === 'publish' ? this.#publishers : this.#players;
    const accept = (): WebSocket | undefined => acceptUpgrade(server, { request, socket, head });
    const started =
      route.intent === 'publish'
        ? publishWsFlv(this.#host, { socket, client, accept })
        : new WsFlvSubscriber({ client, socket, accept }).start(this.#host, client);
    this.#contain(started, socket);
  }

  /** Our own fault in one request costs that request only. */
  #contain(work: Promise<void>, socket: Socket): void {
    work.catch((error: unknown) => {
      this.#host.log.error({ err: error instanceof Error ? error.stack : String(error) }, 'a media request failed');
      socket.destroy();
    });
  }

  #client(request: IncomingMessage, { app, stream, param }: StreamAddress, protocol: MediaProtocol): MediaClient {
    const hostName = (request.headers.host ?? '').slice(0, 255);
    return {
      clientId: randomClientId(),
      protocol,
      address: addressOf(request),
      vhost: '__defaultVhost__',
      app,
      stream,
      param,
      tcUrl: `${this.#secure ? 'https' : 'http'}://${hostName}/${app}`,
      pageUrl: (request.headers.referer ?? '').split('?')[0]?.slice(0, 1024) ?? '',
    };
  }
}

function webSocketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    autoPong: false, // keepAlive answers
    clientTracking: false,
    handleProtocols: (offered) => SUB_PROTOCOL_PREFERENCE.find((name) => offered.has(name)) ?? [...offered][0] ?? false,
  });
}

/** `ws` answers the upgrade and calls back in the same tick; a bad request is answered with 400 and gives nothing. */
function acceptUpgrade(
  server: WebSocketServer,
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
): WebSocket | undefined {
  let accepted: WebSocket | undefined;
  server.handleUpgrade(request, socket, head, (webSocket) => (accepted = webSocket));
  return accepted;
}
