import type { MediaPlace, PlayUrls, PublishUrls, Site, UrlPorts, UrlTarget } from './contract.ts';

export type { UrlPorts } from './contract.ts';

/** URLs always show their port. Secure only when the page is. */
export function flvPlayUrls(own: UrlPorts, target: UrlTarget): PlayUrls {
  const { app, stream, place } = target;
  const { ports = own, host = target.host, rtmpOrigin = `rtmp://${host}:${ports.rtmp}` } = place ?? {};
  const media = mediaOrigin(own, target);
  const query = queryOf(target.query);
  return {
    rtmp: `${rtmpOrigin}/${app}/${stream}${query}`,
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

export function rtcPlayUrls(own: UrlPorts, target: UrlTarget): PlayUrls {
  const { app, stream, query, place } = target;
  const { ports = own, host = target.host } = place ?? {};
  return {
    webrtc: `webrtc://${host}:${ports.rtc}/${app}/${stream}${queryOf(query)}`,
    whep: `${rtcOrigin(own, target)}/rtc/v1/whep/${queryOf({ app, stream, ...query })}`,
  };
}

export function rtcPublishUrls(ports: UrlPorts, target: UrlTarget): PublishUrls {
  const { app, stream, query } = target;
  return { whip: `${rtcOrigin(ports, target)}/rtc/v1/whip/${queryOf({ app, stream, ...query })}` };
}

/** The platform's own port passes WebRTC on, to whichever node it leads to: the one that has the stream is nearer. */
function rtcOrigin(ports: UrlPorts, target: UrlTarget): string {
  if (target.place !== undefined) return mediaOrigin(ports, target).http;
  return target.origin ?? mediaOrigin(ports, target).http;
}

/**
 * A secure page may load nothing that is not. Where a proxy in front speaks TLS and the engine does not, media come by the
 * platform's own port, which passes them on.
 */
export function mediaOrigin(own: UrlPorts, site: Site & { place?: MediaPlace }): { http: string; ws: string } {
  const { secure, origin, place } = site;
  const { ports = own, host = site.host, httpOrigin } = place ?? {};
  if (httpOrigin !== undefined && (!secure || httpOrigin.startsWith('https:'))) return withSockets(httpOrigin);
  if (!secure) return withSockets(`http://${host}:${ports.http}`);
  if (ports.https !== undefined) return withSockets(`https://${host}:${ports.https}`);
  return withSockets(origin?.startsWith('https:') === true ? origin : `http://${host}:${ports.http}`);
}

function withSockets(http: string): { http: string; ws: string } {
  return { http, ws: http.replace('http', 'ws') };
}

function queryOf(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}
