import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { limitBodies } from '../http/body-clock.ts';
import { readCertificate, secureContextOf } from './certificates.ts';
import type { Config } from './config.ts';
import { OperatorError } from './operator-error.ts';

const HEADERS_TIMEOUT_MS = 20_000;
/**
 * An idle connection stays for longer than proxies (60 s in most) and browsers keep theirs: were it closed at the moment
 * in which they send on it, they would see a reset and not know whether the request was carried out.
 */
const KEEP_ALIVE_MS = 75_000;
const TIMEOUTS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  // How often is looked for those that are late: Node's own 30 s would more than double what they have.
  connectionsCheckingInterval: 5000,
  // Bodies have a clock of their own.
  requestTimeout: 0,
  keepAliveTimeout: KEEP_ALIVE_MS,
};
/** Connections beside the sockets that may stay: requests, and those that say nothing. More are closed as they come. */
const MORE_CONNECTIONS = 10_000;
/** How long requests in flight and closing sockets get before they are cut. */
const DRAIN_MS = 1500;

export function createHttpServer(config: Config, handler: RequestListener): Server {
  return bounded(config, createServer(TIMEOUTS, limitBodies(handler)));
}

/** Undefined without a certificate. @throws OperatorError when it cannot be used. */
export function createHttpsServer(config: Config, handler: RequestListener): TlsServer | undefined {
  const { tls } = config;
  if (tls.key === undefined || tls.cert === undefined) return undefined;
  const certificate = readCertificate({ key: tls.key, cert: tls.cert }, Date.now());
  const options = { ...secureContextOf(certificate), ...TIMEOUTS, handshakeTimeout: HEADERS_TIMEOUT_MS };
  return bounded(config, createTlsServer(options, limitBodies(handler)));
}

function bounded<Listening extends Server | TlsServer>({ limits }: Config, server: Listening): Listening {
  server.maxConnections = limits.sockets + MORE_CONNECTIONS;
  return server;
}

/** By HTTPS where `metrics.tls` asks for it. @throws OperatorError when there is no certificate for it. */
export function createMetricsServer(config: Config, handler: RequestListener): Server | TlsServer {
  if (!config.metrics.tls) return createHttpServer(config, handler);
  const server = createHttpsServer(config, handler);
  if (server === undefined) throw new OperatorError('metrics.tls needs a certificate: set tls.key and tls.cert');
  return server;
}

/** Listens and returns the real port. @throws OperatorError naming port and key when it is taken. */
export async function listen(
  server: Server,
  { host, port, key }: { host: string; port: number; key: string },
): Promise<number> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw new OperatorError(listenProblem(error, { host, port, key }), { cause: error });
  }
  return (server.address() as AddressInfo).port;
}

/** Takes no more connections, lets those in flight finish for a moment, then cuts them. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}

function listenProblem(error: unknown, { host, port, key }: { host: string; port: number; key: string }): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${port} (${key}) is in use; stop what uses it or set --${key}`;
  if (code === 'EACCES') return `port ${port} (${key}) may not be opened by this user`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `address ${host} for port ${port} (${key}) is not of this machine`;
  return `port ${port} (${key}) cannot be opened: ${error instanceof Error ? error.message : String(error)}`;
}
