import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Config } from '../app/config.ts';
import { OperatorError } from '../app/operator-error.ts';
import type { SrsSecrets } from '../app/srs-secret.ts';
import type { EdgePlan, OriginPlan, ProxyPlan, SrsPlan } from '../engine/srs/config-file/plan.ts';
import { srsRelease, type SrsRelease } from '../engine/srs/config-file/release.ts';
import type { CommandInput } from './command.ts';

const ROLES = ['server', 'origin', 'edge', 'proxy'] as const;
type SrsFileRole = (typeof ROLES)[number];

const HOST = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253})$/;
const NAME = /^[\w-]{1,64}$/;
const PORT = /^\d{1,5}$/;
const REDIS_PORT = 6379;
const DEFAULT_CONNECTIONS = 1000;

export interface SrsSources {
  options: CommandInput['options'];
  config: Config;
  secrets: SrsSecrets;
}

/** What the command line asks for. @throws OperatorError */
export function srsRoleOf({ for: role = 'server' }: CommandInput['options']): SrsFileRole {
  const known = ROLES.find((one) => one === role);
  if (known === undefined) throw new OperatorError(`--for is one of ${ROLES.join(', ')}`);
  return known;
}

/** @throws OperatorError */
export function originPlanOf(sources: SrsSources): OriginPlan {
  const { options, config } = sources;
  const { place, ...plan } = serverPlan(sources, config.engine.srs.origins);
  const proxyUrl = text(options, 'proxy');
  if (proxyUrl !== undefined && !plan.release.hasProxy)
    throw new OperatorError(`--proxy: SRS ${plan.release.name} has no proxy; SRS 7 from 7.0.16 on has`);
  return {
    ...plan,
    apiListen: proxyUrl === undefined ? plan.apiListen : proxiedApiListen(options, plan.apiListen),
    rtcPort: portOf(options, 'rtc-listen', place.rtcPort),
    candidate: candidateOf(text(options, 'candidate') ?? place.publicHost ?? config.media.publicHost ?? '*'),
    hls: config.engine.srs.hls,
    dvr: folderOf(options, 'dvr'),
    proxyUrl: proxyUrl === undefined ? undefined : urlOf('proxy', proxyUrl),
  };
}

/** @throws OperatorError */
export function edgePlanOf(sources: SrsSources): EdgePlan {
  const { options, config } = sources;
  const { place, ...plan } = serverPlan(sources, config.engine.srs.edges);
  return { ...plan, origin: endpointOf('origin', text(options, 'origin') ?? originOfEdge(config, place)) };
}

/** @throws OperatorError */
export function proxyPlanOf({ options, config }: SrsSources): ProxyPlan {
  const { srs } = config.engine;
  const release = releaseOf(options);
  if (!release.hasProxy) throw new OperatorError(`SRS ${release.name} has no proxy; SRS 7 from 7.0.16 on has`);
  const system = text(options, 'system');
  if (system === undefined)
    throw new OperatorError('--system ADDRESS:PORT: where origins register with the proxy, private');
  const staticFolder = folderOf(options, 'static') ?? '/var/lib/srs-proxy/www';
  const redis = text(options, 'redis');
  return {
    rtmpPort: portOf(options, 'rtmp-listen', srs.rtmpPort),
    httpPort: portOf(options, 'http-listen', srs.httpPort),
    rtcPort: portOf(options, 'rtc-listen', srs.rtcPort),
    staticFolder,
    apiListen: apiListenOf(options, srs.proxyApiUrl ?? srs.apiUrl),
    systemListen: endpointOf('system', system),
    redis: redis === undefined ? undefined : redisOf(redis),
  };
}

type Place = Pick<
  Config['engine']['srs'],
  'apiUrl' | 'publicHost' | 'rtmpPort' | 'rtmpsPort' | 'httpPort' | 'httpsPort' | 'rtcPort'
> & { origin?: string };

/** RTMP of the origin that the configuration names, on the host of its API. */
function originOfEdge({ engine: { srs } }: Config, { origin }: Place): string {
  const [only, ...others] = srs.origins;
  const named = srs.origins.find(({ apiUrl }) => apiUrl === origin) ?? (others.length === 0 ? only : undefined);
  if (named === undefined) throw new OperatorError('--origin HOST:PORT: from where an edge fetches, by RTMP');
  return `${new URL(named.apiUrl).hostname}:${named.rtmpPort}`;
}

/** `--api` says which of the configured servers it is. */
function serverPlan({ options, config, secrets }: SrsSources, places: readonly Place[]): SrsPlan & { place: Place } {
  const { srs } = config.engine;
  const apiUrl = urlOf('api', text(options, 'api') ?? places[0]?.apiUrl ?? srs.apiUrl);
  const place = places.find((one) => withoutSlash(one.apiUrl) === apiUrl) ?? { ...srs, apiUrl };
  return {
    place,
    release: releaseOf(options),
    serverId: nameOf(options, apiUrl),
    rtmpPort: portOf(options, 'rtmp-listen', place.rtmpPort),
    httpPort: portOf(options, 'http-listen', place.httpPort),
    apiListen: apiListenOf(options, apiUrl),
    ...{ apiUser: srs.apiUser, apiPassword: secrets.apiPassword },
    hooksUrl: `${kaiboUrlOf(options, { config, apiUrl })}/api/hooks/srs/${secrets.hooksSecret}`,
    maxConnections: connectionsOf(options),
    tls: tlsOf(options, place),
  };
}

/** Of its own: no two servers have one API address. */
function nameOf(options: CommandInput['options'], apiUrl: string): string {
  const name = text(options, 'name') ?? `srs-${new URL(apiUrl).host.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
  if (!NAME.test(name)) throw new OperatorError('--name is 1 to 64 letters, digits, "-" and "_"');
  return name;
}

function releaseOf(options: CommandInput['options']): SrsRelease {
  const asked = text(options, 'srs-version') ?? '7';
  const release = srsRelease(asked);
  if (release === undefined) throw new OperatorError('--srs-version is 6, 7, or one release such as 7.0.18');
  return release;
}

/** By which SRS reaches this platform: only on one machine that is known without asking. */
function kaiboUrlOf(options: CommandInput['options'], { config, apiUrl }: { config: Config; apiUrl: string }): string {
  const asked = text(options, 'kaibo');
  if (asked !== undefined) return urlOf('kaibo', asked);
  const { hostname } = new URL(apiUrl);
  if (!/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname))
    throw new OperatorError('--kaibo URL: how SRS, on another machine, reaches this platform, by a private network');
  return `http://127.0.0.1:${config.http.port}`;
}

/** A numeric address of the API is the one it listens on; a name says nothing of interfaces. */
function apiListenOf(options: CommandInput['options'], apiUrl: string): string {
  const asked = text(options, 'api-listen');
  if (asked !== undefined) return PORT.test(asked) ? asked : endpointOf('api-listen', asked);
  const { hostname, port, protocol } = new URL(apiUrl);
  const number = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  const name = hostname === 'localhost' ? '127.0.0.1' : hostname;
  if (isIP(name.replaceAll(/[[\]]/g, '')) === 0)
    throw new OperatorError('--api-listen ADDRESS:PORT: the private address at which the HTTP API listens');
  return `${name}:${number}`;
}

/** Where it listens, when that is not the port by which people reach it. */
function portOf(options: CommandInput['options'], name: string, byDefault: number): number {
  const asked = text(options, name);
  if (asked === undefined) return byDefault;
  const port = PORT.test(asked) ? Number(asked) : 0;
  if (port < 1 || port > 65_535) throw new OperatorError(`--${name} is a port`);
  return port;
}

/** The proxy goes to the address that an origin registers from, and reads its API's port as a number alone. */
function proxiedApiListen(options: CommandInput['options'], apiListen: string): string {
  return text(options, 'api-listen') ?? apiListen.slice(apiListen.lastIndexOf(':') + 1);
}

function tlsOf(options: CommandInput['options'], place: Place): SrsPlan['tls'] {
  const [cert, key] = [folderOf(options, 'tls-cert'), folderOf(options, 'tls-key')];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new OperatorError('--tls-cert and --tls-key go together');
  if (place.httpsPort === undefined && place.rtmpsPort === undefined)
    throw new OperatorError(
      'TLS needs engine.srs.httpsPort or engine.srs.rtmpsPort (with several servers, of that server)',
    );
  return { cert, key, httpsPort: place.httpsPort, rtmpsPort: place.rtmpsPort };
}

function candidateOf(candidate: string): string {
  const bare = candidate.replaceAll(/[[\]]/g, '');
  if (candidate !== '*' && isIP(bare) === 0 && !HOST.test(candidate))
    throw new OperatorError('--candidate is an address, a host name or "*"');
  return bare;
}

function connectionsOf(options: CommandInput['options']): number {
  const asked = Number(text(options, 'max-connections') ?? DEFAULT_CONNECTIONS);
  if (!Number.isInteger(asked) || asked < 1 || asked > 1_000_000)
    throw new OperatorError('--max-connections is a number from 1 to 1000000');
  return asked;
}

function redisOf(address: string): ProxyPlan['redis'] {
  const url = URL.parse(address);
  if (url?.protocol !== 'redis:' || url.hostname === '')
    throw new OperatorError('--redis is redis://[:PASSWORD@]HOST:PORT[/DATABASE]');
  return {
    host: url.hostname,
    port: Number(url.port || REDIS_PORT),
    password: decodeURIComponent(url.password),
    database: Number(url.pathname.slice(1) || 0),
  };
}

function endpointOf(option: string, value: string): string {
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
  if (!HOST.test(host) || Number(port) < 1 || Number(port) > 65_535)
    throw new OperatorError(`--${option}: "${value}" is not HOST:PORT`);
  return value;
}

function urlOf(option: string, value: string): string {
  const url = URL.parse(value);
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  // The message does not repeat it: it may hold a password.
  if (!isWeb || url.username !== '' || url.search !== '' || url.hash !== '')
    throw new OperatorError(`--${option} is http(s)://HOST:PORT`);
  return withoutSlash(value);
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** SRS runs elsewhere, from its own directory. */
function folderOf(options: CommandInput['options'], name: string): string | undefined {
  const value = text(options, name);
  if (value !== undefined && !isAbsolute(value))
    throw new OperatorError(`--${name} is an absolute path on SRS's machine`);
  return value;
}

function text(options: CommandInput['options'], name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
