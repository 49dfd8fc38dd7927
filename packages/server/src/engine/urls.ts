import type { PlayUrls, PublishUrls, Site, UrlTarget } from './contract.ts';

/** Ports that are really open; `https` only with TLS. */
export interface UrlPorts {
  rtmp: number;
  http: number;
  https?: number;
  /** UDP. */
  rtc: number;
}

/** URLs always show their port. Secure only when the page is. */
export function flvPlayUrls(ports: UrlPorts, target: UrlTarget): PlayUrls {
  const { app, stream, host } = target;
  const media = mediaOrigin(ports, target);
  const query = queryOf(target.query);
  return {
    rtmp: `rtmp://${host}:${ports.rtmp}/${app}/${stream}${query}`,
    flv: `${media.http}/${app}/${stream}.flv${query}`,
    wsFlv: `${media.ws}/${app}/${stream}.flv${query}`,
  };
}

export function hlsPlayUrls(ports: UrlPorts, target: UrlTarget): PlayUrls {
  const { app, stream, query } = target;
  return { hls: `${mediaOrigin(ports, target).http}/${app}/${stream}.m3u8${queryOf(query)}` };
}

export function flvPublishUrls(ports: UrlPorts, target: UrlTarget): PublishUrls {
  const { app, stream } = target;
  const wsQuery = queryOf({ app, stream, ...target.query });
  return {
    rtmp: rtmpPublishUrl(ports, target),
    wsFlv: `${mediaOrigin(ports, target).ws}/publish${wsQuery}`,
  };
}

export function rtmpPublishUrl(ports: UrlPorts, { app, stream, host, query }: UrlTarget): string {
  return `rtmp://${host}:${ports.rtmp}/${app}/${stream}${queryOf(query)}`;
}

export function rtcPlayUrls(ports: UrlPorts, target: UrlTarget): PlayUrls {
  const { app, stream, host, query } = target;
  return {
    webrtc: `webrtc://${host}:${ports.rtc}/${app}/${stream}${queryOf(query)}`,
    whep: `${rtcOrigin(ports, target)}/rtc/v1/whep/${queryOf({ app, stream, ...query })}`,
  };
}

export function rtcPublishUrls(ports: UrlPorts, target: UrlTarget): PublishUrls {
  const { app, stream, query } = target;
  return { whip: `${rtcOrigin(ports, target)}/rtc/v1/whip/${queryOf({ app, stream, ...query })}` };
}

function rtcOrigin(ports: UrlPorts, target: UrlTarget): string {
  return target.origin ?? mediaOrigin(ports, target).http;
}

/**
 * A secure page may load nothing that is not. Where a proxy in front speaks TLS and the engine does not, media come by the
 * platform's own port, which passes them on.
 */
export function mediaOrigin(ports: UrlPorts, { host, secure, origin }: Site): { http: string; ws: string } {
  if (!secure) return { http: `http://${host}:${ports.http}`, ws: `ws://${host}:${ports.http}` };
  if (ports.https !== undefined) return { http: `https://${host}:${ports.https}`, ws: `wss://${host}:${ports.https}` };
  return origin?.startsWith('https:') === true
    ? { http: origin, ws: origin.replace('https:', 'wss:') }
    : { http: `http://${host}:${ports.http}`, ws: `ws://${host}:${ports.http}` };
}

function queryOf(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}
