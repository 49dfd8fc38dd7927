import net, { type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import type { SessionHost } from '../hub/session-host.ts';
import { type Certificate, secureContextOf } from '../tls.ts';
import { RtmpSession } from './session.ts';

const KEEP_ALIVE_MS = 30_000;
const BACKLOG = 4096;

/** Accepts RTMP, or RTMPS when given a certificate, on a port shared by all workers. */
export class RtmpListener {
  #server: Server;
  #host: SessionHost;
  #port: number;

  constructor(host: SessionHost, certificate?: Certificate) {
    this.#host = host;
    this.#port = certificate ? host.options.rtmps.port : host.options.rtmp.port;
    const protocol = certificate ? 'rtmps' : 'rtmp';
    const accept = (socket: Socket): void => {
      if (socket.destroyed) return;
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      new RtmpSession({ socket, host, protocol });
    };
    this.#server = certificate
      ? tls.createServer({ ...secureContextOf(certificate), handshakeTimeout: host.options.limits.handshakeMs }, accept)
      : net.createServer(accept);
    this.#server.on('tlsClientError', () => undefined);
    // The bare socket, so that one in the middle of its TLS handshake counts too.
    this.#server.prependListener('connection', (socket: Socket) => host.admit(socket));
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
    if (this.#server instanceof tls.Server) this.#server.setSecureContext(secureContextOf(certificate));
  }

  close(): void {
    this.#server.close();
  }
}
