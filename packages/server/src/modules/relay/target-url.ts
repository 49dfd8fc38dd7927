const MAX_LENGTH = 2048;
/** No control characters, spaces, or backslash, which some parsers take for a slash. */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;
/** A server without user name or password, an application, and a key, which at Bilibili is all query. */
const TARGET =
  /^(rtmps?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)(:\d{1,5})?\/([^/?]+)\/(?:([^?]*[^/?])(\?.*)?|\?.+)$/i;
/** `live_`, `rtmp_sb_`: what some keys begin with, and people know them by. */
const KEY_PREFIX = /^[a-z]{1,8}_/;

/** Whether a stream may be sent there, as far as its writing tells; the engine judges the address at every attempt. */
export function isTargetUrl(url: string): boolean {
  return url.length <= MAX_LENGTH && PLAIN.test(url) && TARGET.test(url);
}

/** The server and the application, and of the key no more than people know it by: `rtmp://live.twitch.tv/app/live_****`. */
export function shownUrl(url: string): string {
  const [, scheme = '', host = '', port = '', app = '', key = ''] = TARGET.exec(url) ?? [];
  const prefix = key.length >= 16 ? (KEY_PREFIX.exec(key)?.[0] ?? '') : '';
  return `${scheme.toLowerCase()}://${host}${port}/${app}/${prefix}****`;
}
