/** Endings of names that are hardly words: with these, `name.ending` is an address. */
const CLEAR_ENDINGS = [
  ...['com', 'net', 'org', 'edu', 'gov', 'info', 'biz', 'xyz', 'top', 'vip', 'club', 'site', 'online', 'shop', 'icu'],
  ...['app', 'dev', 'wang', 'ltd', 'wiki', 'link', 'tech', 'pro', 'win', 'bet', 'fun', 'cyou', 'sbs', 'lol', 'gg'],
  ...['cn', 'cc', 'tv', 'io', 'ru', 'uk', 'jp', 'kr', 'hk', 'tw', 'eu', 'pw', 'ws', 'ly', 'gl', 'ai', 'co', 'ink'],
];
/** Those that are words, or ends of names of files, are addresses with a path or a port only: `youtu.be/…`, `t.me/…`. */
const ANY_ENDING = '[a-z]{2,24}';
/** Those that nobody writes after a `dot` or `点` without meaning an address. */
const SPELLED_ENDINGS = ['com', 'net', 'org', 'xyz', 'cn'];
/** Names of things that look like addresses. */
const NOT_AN_ADDRESS =
  /(?<![a-z0-9.-])(?:asp|ado|vb|socket|node|next|nuxt|vue|three|d3)\.(?:net|io|js)(?![a-z0-9./:-])/g;

const LABEL = '[a-z0-9\\u00a1-\\uffff](?:[a-z0-9\\u00a1-\\uffff-]{0,61}[a-z0-9\\u00a1-\\uffff])?';
const BEFORE = '(?<![a-z0-9])';
const BEHIND = '(?![a-z0-9-])';
/** Each of them alone says that there is an address; all work on the text as `flattened` gives it. */
const ADDRESSES: readonly RegExp[] = [
  // A scheme, also with its dots and slashes pulled apart.
  /(?<![a-z])(?:https?|ftp|rtmps?|wss?|magnet|tg|weixin|mqqapi|tel|mailto)\s*:\s*(?:\/\s*\/|\?|\+?[a-z0-9])/,
  /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/\S/,
  /(?<![a-z0-9])www\s*\.\s*[a-z0-9]/,
  // International names as they are sent.
  /(?<![a-z0-9])xn--[a-z0-9-]{2,}/,
  new RegExp(`(?:${LABEL}\\.)+(?:${CLEAR_ENDINGS.join('|')})${BEHIND}`),
  new RegExp(`(?:[a-z0-9-]{1,63}\\.)+${ANY_ENDING}(?::(?:80|443|\\d{4,5})(?!\\d)|/[^\\s/])`),
  /[\u00a1-\uffff]{1,30}\.(?:中国|中國|公司|网络|網絡|网址|在线|рф|한국)(?![\u00a1-\uffff])/,
  // Spelled out: `name dot com`, `name(.)com`, `百度点com`, `name . com`.
  new RegExp(
    `[\\p{L}\\p{N}]\\s*(?:[([{<]\\s*(?:dot|\\.|点|點)\\s*[)\\]}>]|点|點|\\s\\.\\s|\\sdot\\s)\\s*(?:${SPELLED_ENDINGS.join('|')})${BEHIND}`,
    'u',
  ),
  new RegExp(
    `${BEFORE}[a-z0-9-]{2,}\\s*(?:[([{<]\\s*(?:dot|\\.)\\s*[)\\]}>]|\\s\\.\\s|\\sdot\\s)\\s*(?:${CLEAR_ENDINGS.slice(0, 3).join('|')})${BEHIND}`,
  ),
  // IPv6 in the brackets of an address.
  /\[[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*\](?::\d|\/)/,
];
/** Four numbers are an address unless a version is meant. */
const IPV4 = /(?<![\d.])(?<!\bv|版本\s?|version\s?|ver\.?\s?)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)/g;

/** Unseen characters between the letters of an address; dots and slashes of other scripts as plain ones. */
function flattened(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '')
    .replaceAll(/(?<=[\p{L}\p{N}\s])[。．｡․‧∙•・](?=\s*[a-z0-9])/giu, '.')
    .replaceAll(/[⁄∕⧸／]/gu, '/')
    .replaceAll('ː', ':')
    .toLowerCase();
}

/** Whether a text leads elsewhere: an address of the web in any usual spelling, a domain name, an IP address. */
export function hasLink(text: string): boolean {
  const flat = flattened(text);
  const tested = flat.replaceAll(NOT_AN_ADDRESS, ' ');
  return ADDRESSES.some((address) => address.test(tested)) || hasIpv4(flat);
}

function hasIpv4(text: string): boolean {
  for (const [, ...parts] of text.matchAll(IPV4)) {
    const octets = parts.map(Number);
    if (octets.every((octet) => octet <= 255) && octets[0] !== 0) return true;
  }
  return false;
}
