import type { HttpRequest } from '../http.ts';
import type { Channel } from './channel.ts';

/** How the transports over plain HTTP ask: as whoever is logged in. */
export type Ask = (path: string, request: HttpRequest) => Promise<Response>;

export type EventsQuery = Record<string, string | undefined>;

export const EVENTS_PATH = '/api/events';

/** The channels that one request names, and where each goes on; null when there is nothing to ask for. */
export function eventsQuery(channels: Iterable<Channel>): EventsQuery | null {
  const all = [...channels].filter(({ isRefused }) => !isRefused);
  if (all.length === 0) return null;
  const token = all.find((channel) => channel.token !== undefined)?.token;
  const vid = all.find((channel) => channel.vid !== undefined)?.vid;
  // Channels that are not logged have no epoch and nothing to resume.
  const since = all.flatMap(({ name, position }) =>
    position?.epoch ? [`${name}@${position.epoch}.${position.offset}`] : [],
  );
  return { channels: all.map(({ name }) => name).join(','), since: since.join(';'), token, vid };
}
