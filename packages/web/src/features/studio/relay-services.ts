/** Where people send their picture on to, as a form offers it. The server of `custom` is typed. */
export const RELAY_SERVICES = [
  { id: 'bilibili', server: 'rtmp://live-push.bilivideo.com/live-bvc' },
  { id: 'douyu', server: '' },
  { id: 'twitch', server: 'rtmp://live.twitch.tv/app' },
  { id: 'youtube', server: 'rtmp://a.rtmp.youtube.com/live2' },
  { id: 'custom', server: '' },
] as const;
export type RelayService = (typeof RELAY_SERVICES)[number]['id'];

/**
 * Server and key as one address. What some services call the key begins with `?`: it is a query of the stream's name
 * and not a path of its own.
 */
export function relayUrl(server: string, key: string): string {
  return `${server.trim().replace(/\/+$/, '')}/${key.trim().replace(/^\/+/, '')}`;
}

/** The host by which a target is called that has no name. */
export function relayHost(url: string): string {
  return /^\w+:\/\/([^/]+)/.exec(url)?.[1] ?? url;
}
