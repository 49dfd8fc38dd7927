import net, { type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import type { SessionHost } from '../hub/session-host.ts';
import { type Certificate, secureContextOf } from '../tls.ts';
import { proxiesOf, takeProxyHeader } from './proxy-header.ts';
import { RtmpSession } from './session.ts';

const KEEP_ALIVE_MS = 30_000;
const BACKLOG = 4096;

/** Accepts RTMP, or RTMPS when given a certificate, on a port shared by all workers. */
export class RtmpListener {
  #server: Server;
  /** Listens to nothing itself: it is handed connections. */
  #secure: tls.Server | undefined;
  #host: SessionHost;
  #port: number;
  #isProxy: (address: string) => boolean;
  /** For whom a proxy's connection was made, by the proxy's end of it: TLS has a socket of its own on top. */
  readonly #clients = new Map<string, string>();

  constructor(host: SessionHost, certificate?: Certificate) {
    const { rtmp, rtmps, limits } = host.options;
    this.#host = host;
    this.#port = certificate ? rtmps.port : rtmp.port;
    this.#isProxy = proxiesOf(rtmp.proxies);
    this.#server = net.createServer((socket) => void this.#accept(socket));
    if (certificate === undefined) return;
    const options = { ...secureContextOf(certificate), handshakeTimeout: limits.handshakeMs };
    this.#secure = tls.createServer(options, (socket) => this.#begin(socket, 'rtmps'));
    this.#secure.on('tlsClientError', () => undefined);
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
    this.#secure?.setSecureContext(secureContextOf(certificate));
  }

  close(): void {
    this.#server.close();
  }

  async #accept(socket: Socket): Promise<void> {
    const own = socket.remoteAddress ?? '';
    if (!this.#isProxy(own)) return this.#admit(socket, own);
    const { limits } = this.#host.options;
    const header = await takeProxyHeader(socket, limits.handshakeMs).catch((error: unknown) =>
      this.#host.log.warn(
        { address: own, reason: String(error) },
        'a proxy of media.rtmp.proxies sends no PROXY header',
      ),
    );
    // One that is gone has no 'close' to come, by which its place would be given back.
    if (header === undefined || socket.destroyed) return;
    const { address = own } = header;
    const end = endOf(socket);
    this.#clients.set(end, address);
    socket.once('close', () => this.#clients.delete(end));
    this.#admit(socket, address);
  }

  /** The bare socket, so that one in the middle of its TLS handshake counts too. */
  #admit(socket: Socket, address: string): void {
    if (!this.#host.admit(socket, address)) return;
    if (this.#secure === undefined) this.#begin(socket, 'rtmp');
    else this.#secure.emit('connection', socket);
  }

  #begin(socket: Socket, protocol: 'rtmp' | 'rtmps'): void {
    if (socket.destroyed) return;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const address = this.#clients.get(endOf(socket)) ?? socket.remoteAddress ?? '';
    new RtmpSession({ socket, address, host: this.#host, protocol });
  }
}

const endOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
