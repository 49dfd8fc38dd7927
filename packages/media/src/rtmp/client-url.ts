import { RtmpClientError } from './client-error.ts';

const DEFAULT_PORTS = { 'rtmp:': 1935, 'rtmps:': 443 } as const;
const MAX_URL_LENGTH = 2048;
/** A name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))$/;
/** No control characters, no spaces, nothing that some parsers take for a slash. */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;

/** Where an RTMP connection leads, and what is asked for there. */
export interface RtmpTarget {
  secure: boolean;
  /** A name or a bare address, without brackets. */
  host: string;
  port: number;
  /** Everything of the path before its last part: `live`, `app/instance`. */
  app: string;
  /** The last part and the query. For a publisher this is the key: a secret. */
  name: string;
  /** `app` as an address, without `name`. */
  tcUrl: string;
}

/**
 * Cuts `rtmp(s)://HOST[:PORT]/APP/NAME[?QUERY]` as encoders with one field for server and one for key do.
 * @throws RtmpClientError bad_url, whose message never repeats the input
 */
export function parseRtmpUrl(url: string): RtmpTarget {
  const [plain = '', ...query] = url.split('?');
  if (url.length > MAX_URL_LENGTH || !PLAIN.test(url)) throw badUrl('it holds characters that no URL has');
  const match = /^(rtmps?:)\/\/([^/]*)\/(.+)$/i.exec(plain);
  const scheme = match?.[1]?.toLowerCase();
  if (scheme !== 'rtmp:' && scheme !== 'rtmps:') throw badUrl('it must be rtmp:// or rtmps://, a server, and a path');
  const { host, port } = parseAuthority(match?.[2] ?? '', DEFAULT_PORTS[scheme]);
  const path = match?.[3] ?? '';
  const at = path.lastIndexOf('/');
  const app = path.slice(0, Math.max(at, 0)).replace(/^\/+|\/+$/g, '');
  const name = [path.slice(at + 1), ...query].join('?');
  // Some services, such as Bilibili, give a key that is all query.
  if (app === '' || /^\??$/.test(name)) throw badUrl('its path must have an application and a stream name');
  const shownPort = port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
  return {
    secure: scheme === 'rtmps:',
    host: host.replace(/^\[|\]$/g, ''),
    port,
    app,
    name,
    tcUrl: `${scheme}//${host}${shownPort}/${app}`,
  };
}

/** What stands before an `@` is refused: it is shown by nobody, and hides which server is meant. */
function parseAuthority(authority: string, defaultPort: number): { host: string; port: number } {
  if (authority.includes('@')) throw badUrl('it must not hold a user name or password');
  const match = /^(.*?)(?::(\d{1,5}))?$/.exec(authority);
  const host = match?.[1] ?? '';
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (!HOST.test(host)) throw badUrl('its server is not a host name or address');
  if (port < 1 || port > 65_535) throw badUrl('its port is not one');
  return { host, port };
}

function badUrl(why: string): RtmpClientError {
  return new RtmpClientError('bad_url', `The URL cannot be used: ${why}.`);
}
