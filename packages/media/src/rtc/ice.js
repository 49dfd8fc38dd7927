import { createHmac } from 'node:crypto';
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { encodeIceCandidate } from '@kaibo/formats';
/** Addresses that are announced, whatever the names resolve to. */
const MAX_ADDRESSES = 16;
/** Names are looked up again this often: an address from a provider may change any night. */
const REFRESH_MS = 60_000;
const LOOKUP_MS = 5000;
/** RFC 8445, 5.1.2.1: host candidates are preferred over all others; component 1 is RTP and, multiplexed, RTCP. */
const HOST_TYPE_PREFERENCE = 126;
const COMPONENT = 1;
/** RFC 4291, 2.4, as assigned so far: 2000::/3. */
const GLOBAL_IPV6 = /^[23][0-9a-f]{3}:/i;
const MAX_LOCAL_PREFERENCE = 65_535;
/** A name in `media.rtc.candidates` leads nowhere. The message is one line for the operator. */
export class CandidateNameError extends Error {
  code = 'candidate_unresolved';
  constructor(name, cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
    super(`media.rtc.candidates: ${name} does not resolve (${why})`, { cause });
    this.name = 'CandidateNameError';
  }
}
/**
 * The addresses of `media.rtc.candidates`. `auto` is what the interfaces have that `host` listens on; names are looked
 * up now and again every minute, and keep what they last resolved to.
 * @throws CandidateNameError for a name that does not resolve at the start
 */
export async function resolveCandidates(option, deps) {
  const { log, refreshMs = REFRESH_MS } = deps;
  const known = new Map();
  let current = await addressesOf(option, deps, known);
  let refreshing;
  const refresh = async () => {
    try {
      current = await addressesOf(option, deps, known);
    } catch (error) {
      log.warn({ err: error }, 'the addresses of WebRTC could not be looked up');
    } finally {
      refreshing = undefined;
    }
  };
  const changes = option === 'auto' || option.some((name) => isIP(name) === 0);
  const timer = changes ? setInterval(() => void (refreshing ??= refresh()), refreshMs).unref() : undefined;
  return {
    get current() {
      return current;
    },
    close: () => clearInterval(timer),
  };
}
/** `known` is what each name resolved to last; a name that was never resolved has to be now. */
async function addressesOf(option, { host, log, interfaces = networkInterfaces, lookup = resolve }, known) {
  if (option === 'auto') return machineAddresses(host, interfaces());
  const look = async (name) => {
    try {
      const found = isIP(name) === 0 ? await withinMs(lookup(name), LOOKUP_MS) : [{ address: name }];
      known.set(
        name,
        found.map(({ address }) => address),
      );
    } catch (error) {
      if (!known.has(name)) throw new CandidateNameError(name, error);
      log.warn({ name }, 'a name in media.rtc.candidates does not resolve any more; its last address stays');
    }
  };
  await Promise.all(option.map(look));
  const addresses = option.flatMap((name) => known.get(name) ?? []);
  return [...new Set(addresses)].slice(0, MAX_ADDRESSES);
}
function resolve(name) {
  return dnsLookup(name, { all: true });
}
async function withinMs(promise, ms) {
  const { promise: late, reject } = Promise.withResolvers();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
/**
 * A machine that has no address to the outside announces its loopback ones, so that pages on itself can play. Link-local
 * and private IPv6 addresses are left out: they need a zone, or lead nowhere for most.
 */
function machineAddresses(host, interfaces) {
  const bound = host.replace(/^\[|\]$/g, '');
  if (bound === 'localhost') return ['127.0.0.1'];
  if (bound !== '0.0.0.0' && bound !== '::' && isIP(bound) !== 0) return [bound];
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(({ address, family, internal }) =>
    family === 'IPv4'
      ? !internal && !address.startsWith('169.254.')
      : bound !== '0.0.0.0' && !internal && GLOBAL_IPV6.test(address),
  );
  const addresses = usable.map(({ address }) => address);
  const loopback = bound === '::' ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  return addresses.length === 0 ? loopback : [...new Set(addresses)].slice(0, MAX_ADDRESSES);
}
/**
 * Host candidates, without `a=`, the preferred ones first. IPv6 stands before IPv4, one of each in turn, so that no
 * broken family holds the other up (RFC 8421, 4); loopback is last.
 */
export function candidateLines(addresses, port) {
  const outside = addresses.filter((address) => !isLoopback(address));
  const ordered = [...interleave(outside), ...interleave(addresses.filter(isLoopback))];
  return ordered.map((address, index) =>
    encodeIceCandidate({
      // Each address is a base of its own (RFC 8445, 5.1.1.3).
      foundation: String(index + 1),
      component: COMPONENT,
      protocol: 'udp',
      priority: HOST_TYPE_PREFERENCE * 2 ** 24 + (MAX_LOCAL_PREFERENCE - index) * 2 ** 8 + (256 - COMPONENT),
      address,
      port,
      type: 'host',
    }),
  );
}
function interleave(addresses) {
  const six = addresses.filter((address) => isIPv6(address));
  const four = addresses.filter((address) => !isIPv6(address));
  const rounds = Math.max(six.length, four.length);
  return Array.from({ length: rounds }, (_, round) => [six[round], four[round]])
    .flat()
    .filter((address) => address !== undefined);
}
function isLoopback(address) {
  return address === '::1' || address.startsWith('127.');
}
/**
 * What one user is told. Where there is a shared secret the credentials are made for them and good for `ttlSeconds`
 * (draft-uberti-behave-turn-rest-00): the username is the expiry in s since the epoch and, after a colon, the user; the
 * credential the base64 of HMAC-SHA1 over it. A server that only speaks STUN gets none.
 */
export function iceServersFor({ servers, user, nowMs, ttlSeconds }) {
  return servers.map(({ urls, username, credential, secret }) => {
    if (urls.every((url) => url.startsWith('stun'))) return { urls };
    if (secret === undefined) return { urls, username, credential };
    // The name stands in a header and in coturn's log; what is no plain word would break either.
    const name = user.replaceAll(/[^\w.@-]/g, '_').slice(0, 64);
    const limited = `${Math.floor(nowMs / 1000) + ttlSeconds}${name === '' ? '' : `:${name}`}`;
    return { urls, username: limited, credential: createHmac('sha1', secret).update(limited).digest('base64') };
  });
}
/** Values of `Link` headers (RFC 8288) that tell a WHIP or WHEP client of its ICE servers (RFC 9725, 4.6), one a URL. */
export function iceServerLinks(servers) {
  return servers.flatMap(({ urls, username, credential }) => {
    const login =
      username === undefined || credential === undefined
        ? ''
        : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
    return urls.map((url) => `<${url}>; rel="ice-server"${login}`);
  });
}
/** A quoted-string (RFC 9110, 5.6.4). What no header may hold cannot come this far: the configuration refuses it. */
function quoted(text) {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
