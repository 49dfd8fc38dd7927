import type { PlayUrls } from '@kaibo/client';

export type TransportId = 'ws-flv' | 'http-flv';

/** One way for the media to reach the page. */
export interface Transport {
  id: TransportId;
  /** As shown to people. */
  label: string;
  /** The address of this way, when the room has one. */
  url(urls: PlayUrls): string | undefined;
}

/** The ladder, the best first. A new transport is a new row here. */
export const TRANSPORTS: readonly Transport[] = [
  { id: 'ws-flv', label: 'WS-FLV', url: (urls) => urls.wsFlv },
  { id: 'http-flv', label: 'HTTP-FLV', url: (urls) => urls.flv },
];

export interface Rung {
  transport: Transport;
  url: string;
}

/** The rungs that a room has, in the ladder's order, with the viewer's id on each address. */
export function rungsOf(urls: PlayUrls, vid: string | null): Rung[] {
  return TRANSPORTS.flatMap((transport) => {
    const url = transport.url(urls);
    return url ? [{ transport, url: withVid(url, vid) }] : [];
  });
}

function withVid(url: string, vid: string | null): string {
  if (!vid) return url;
  return `${url}${url.includes('?') ? '&' : '?'}vid=${encodeURIComponent(vid)}`;
}
