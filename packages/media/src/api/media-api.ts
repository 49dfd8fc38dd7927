import { createHash, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Logger } from 'pino';
import { asPortError } from '../cluster/ports.ts';
import { isLoopback } from '../cluster/connection-counter.ts';
import type { ServerIdentity } from '../identity.ts';
import type { MediaOptions } from '../options.ts';
import type { RtcDoor } from '../rtc/contract.ts';
import { isRtcRequest, RtcHttp } from '../rtc/http.ts';
import type { MediaServer } from '../server.ts';
import { type Certificate, secureContextOf } from '../tls.ts';
import { apiBody, type ApiContext } from './srs-shape.ts';

const LOOPBACK_HOST = '127.0.0.1';
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Who is slower than this with a request's head or body is cut: callers are programs of the operator's. */
const REQUEST_MS = 30_000;
const MAX_CONNECTIONS = 1000;

/**
 * The media API in SRS's shape (contracts.md, SRS contract): list and kick, and `/rtc/`. Without a secret it listens on loopback only
 * and answers only requests for a loopback name, so that no web page can reach it by a name of its own. With a secret it listens
 * for other machines, and where there is a certificate it speaks TLS only: a secret is not for everybody on the way to read.
 */
export class MediaApi {
  #server: http.Server | https.Server;
  #options: MediaOptions;
  #context: ApiContext;
  #logger: Logger;
  #rtc: RtcHttp;

  constructor(deps: {
    server: MediaServer;
    rtc: RtcDoor;
    identity: ServerIdentity;
    options: MediaOptions;
    logger: Logger;
    tls?: Certificate;
  }) {
    this.#rtc = new RtcHttp({
      door: deps.rtc,
      bodyMs: deps.options.limits.handshakeMs,
      hasOwnBearer: deps.options.api.secret !== undefined,
    });
    this.#options = deps.options;
    this.#logger = deps.logger;
    this.#context = { server: deps.server, identity: deps.identity, startedAtMs: Date.now() };
    const { limits, api } = deps.options;
    const times = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS };
    const options = { maxHeaderSize: limits.headerBytes, ...times };
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#logger.error({ err: String(error) }, 'a media API call failed');
        response.destroy();
      });
    };
    this.#server =
      api.secret === undefined || deps.tls === undefined
        ? http.createServer(options, answer)
        : https.createServer({ ...options, ...secureContextOf(deps.tls) }, answer);
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** New connections are shown it; those that are open go on. */
  renewCertificate(certificate: Certificate): void {
    if (this.#server instanceof https.Server) this.#server.setSecureContext(secureContextOf(certificate));
  }

  /** Resolves to the port. Throws PortInUseError. */
  listen(): Promise<number> {
    const { host, api } = this.#options;
    const bindHost = api.secret === undefined ? LOOPBACK_HOST : host;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', (error: NodeJS.ErrnoException) =>
      reject(asPortError(error, { host: bindHost, port: api.port, name: 'media.api' })),
    );
    this.#server.listen({ host: bindHost, port: api.port, exclusive: true }, () => {
      const address = this.#server.address();
      resolve(address && typeof address === 'object' ? address.port : api.port);
    });
    return promise;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#allowed(request)) {
      reply(response, 401, { code: 401, error: 'This API needs Authorization: Bearer SECRET.' });
      return;
    }
    if (isRtcRequest(request)) return this.#rtc.answer(request, response);
    const url = URL.parse(request.url ?? '/', 'http://api.invalid');
    if (!url) reply(response, 400, { code: 400, error: 'The address cannot be read.' });
    else if (request.method === 'OPTIONS') response.writeHead(200, { 'Content-Length': 0 }).end();
    else if (request.method !== 'GET' && request.method !== 'DELETE')
      reply(response, 405, { code: 405, error: 'Use GET or DELETE.' });
    else reply(response, 200, await apiBody(this.#context, request.method, url));
  }

  #allowed(request: IncomingMessage): boolean {
    const { secret } = this.#options.api;
    if (secret === undefined) {
      const hostName = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
      return isLoopback(request.socket.remoteAddress ?? '') && LOOPBACK_NAMES.has(hostName);
    }
    return equalSecrets(presentedSecret(request), secret);
  }
}

/** Bearer, or the password of Basic as SRS's `http_api.auth` takes it. */
function presentedSecret({ headers }: IncomingMessage): string {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ');
  if (scheme === 'Bearer') return value;
  if (scheme !== 'Basic') return '';
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}

function equalSecrets(presented: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented), digest(secret));
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'Close',
  });
  response.end(text);
}
