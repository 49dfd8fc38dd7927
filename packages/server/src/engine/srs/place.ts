import { createHash } from 'node:crypto';
import type { StreamName } from '../contract.ts';
import type { SrsServer } from './server.ts';

/**
 * The origin that a stream is published to: always the same one as long as it is there, and of another stream another, so
 * that all carry as many (rendezvous hashing). While none is known to be up, they count as if all were.
 */
export function originOf(origins: readonly SrsServer[], { app, stream }: StreamName): SrsServer {
  const candidates = origins.some(({ isUp }) => isUp) ? origins.filter(({ isUp }) => isUp) : origins;
  const [first, ...others] = candidates.map((server) => ({ server, weight: weightOf(server, `${app}/${stream}`) }));
  if (first === undefined) throw new Error('an SRS engine has at least one origin');
  return others.reduce((best, other) => (other.weight > best.weight ? other : best), first).server;
}

/** The edge of the stream's origin that carries the fewest; where there is none, the origin itself. */
export function playServerOf(servers: readonly SrsServer[], stream: StreamName): SrsServer {
  const carrier = carrierOf(servers, stream);
  const isOfCarrier = ({ origin = carrier.options.api.url }: SrsServer['options']): boolean =>
    origin === carrier.options.api.url;
  const edges = servers.filter(({ options, isUp }) => options.role === 'edge' && isUp && isOfCarrier(options));
  const [first, ...others] = edges;
  if (first !== undefined) return others.reduce((least, edge) => (edge.clients < least.clients ? edge : least), first);
  return carrier;
}

/** The origin that has the stream; before anybody publishes, the one that it will be published to. */
export function carrierOf(servers: readonly SrsServer[], { app, stream }: StreamName): SrsServer {
  const origins = servers.filter(({ options }) => options.role === 'origin');
  const carrier = origins.find(({ seen }) =>
    seen.some((carried) => carried.app === app && carried.stream === stream && carried.clientId !== undefined),
  );
  return carrier ?? originOf(origins, { app, stream });
}

function weightOf({ options: { name } }: SrsServer, key: string): string {
  return createHash('sha256').update(`${name} ${key}`).digest('hex');
}
