import type { FastifyRequest } from 'fastify';
import { isForwarded, isLoopback } from './address.ts';
import type { CallerOf } from './contract.ts';
import { accountTokenOf, bearerOf } from './rights.ts';
import { languageOf } from './words.ts';

const HOST = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/;
const LOOPBACK_HOST = /^(?:localhost|.+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

export interface CallerOptions {
  trustProxy: boolean;
  publicUrl?: string;
  /** Other origins whose pages may call. */
  allowedOrigins?: readonly string[];
  /** Names the host of media URLs, whatever the request says. */
  mediaPublicHost?: string;
  /** Whether this platform passes media on, so that WHIP and WHEP are at its own origin. */
  passesMedia?: boolean;
}

/** The host of a `Host` header without its port, or undefined when it is not one. */
export function hostName(header: string): string | undefined {
  return HOST.exec(header)?.[1]?.toLowerCase();
}

export function makeCallerOf({
  trustProxy,
  publicUrl,
  mediaPublicHost,
  passesMedia = false,
  allowedOrigins = [],
}: CallerOptions): CallerOf {
  const publicOrigin = publicUrl === undefined ? undefined : withPort(new URL(publicUrl));
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).hostname.toLowerCase();
  const mediaHost = mediaPublicHost ?? publicHost;
  return (request) => {
    const { headers } = request;
    const host = hostName(request.host) ?? 'localhost';
    const bypassed = !trustProxy && isForwarded(request);
    const bearer = bearerOf(headers.authorization);
    const sameOrigin = isSameOrigin(request, publicUrl);
    const ownerBearer = accountTokenOf(bearer) === undefined ? bearer : undefined;
    return {
      account: request.account,
      address: request.ip,
      language: languageOf(headers['accept-language']),
      site: {
        host: mediaHost ?? host,
        secure: request.protocol === 'https',
        origin: passesMedia ? (publicOrigin ?? originOf(request, host)) : undefined,
      },
      local: isLoopback(request.ip) && !bypassed && (LOOPBACK_HOST.test(host) || host === publicHost),
      sameOrigin,
      mayConnect: sameOrigin || allowedOrigins.includes(headers.origin ?? ''),
      tokens: [ownerBearer, headers['x-owner-token']].filter((token) => typeof token === 'string'),
      cookies: request.cookies,
    };
  };
}

/** As the caller reached us, with the port even where a browser leaves it out. */
function originOf(request: FastifyRequest, host: string): string | undefined {
  const port = /:(\d{1,5})$/.exec(hostName(request.host) === undefined ? '' : request.host)?.[1];
  const url = URL.parse(`${request.protocol}://${host}${port === undefined ? '' : `:${port}`}`);
  return url === null ? undefined : withPort(url);
}

function withPort({ protocol, hostname, port }: URL): string {
  return `${protocol}//${hostname}:${port === '' ? DEFAULT_PORTS[protocol] : port}`;
}

/** By Sec-Fetch-Site where the browser sends it, else by Origin. What sends neither is no browser's page. */
function isSameOrigin({ headers, host }: FastifyRequest, publicUrl: string | undefined): boolean {
  const fetchSite = headers['sec-fetch-site'];
  if (fetchSite !== undefined) return fetchSite === 'same-origin' || fetchSite === 'none';
  if (headers.origin === undefined) return true;
  const origin = URL.parse(headers.origin);
  return (
    origin !== null &&
    (origin.host === host.toLowerCase() || (publicUrl !== undefined && origin.origin === new URL(publicUrl).origin))
  );
}
