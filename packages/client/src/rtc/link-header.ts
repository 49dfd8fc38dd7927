/** One link of a `Link` header. Parameter names are in lower case; of one that repeats, the first counts. */
export interface WebLink {
  /** As it stands between `<` and `>`, not resolved. */
  target: string;
  parameters: ReadonlyMap<string, string>;
}

/** More links than any session needs; the rest of a longer header is not read. */
const MAX_LINKS = 32;
const ICE_SCHEME = /^(?:stuns?|turns?):/i;

/** Reads one piece after the other; every step either moves on or ends. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** What matches here, or nothing; `pattern` is sticky. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[1] ?? match[0];
  }
}

const SEPARATORS = /[\s,]*/y;
const TARGET = /<([^>]*)>/y;
const PARAMETER_START = /\s*;\s*/y;
const PARAMETER_NAME = /[^\s=;,"<>]+/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const TOKEN = /[^\s;,]*/y;

/** A `Link` header's links (RFC 8288, 3 and appendix B.2). What is not a link ends the reading. */
export function parseLinkHeader(header: string): WebLink[] {
  const cursor = new Cursor(header);
  const links: WebLink[] = [];
  while (links.length < MAX_LINKS) {
    cursor.take(SEPARATORS);
    const target = cursor.isAtEnd ? undefined : cursor.take(TARGET);
    if (target === undefined) break;
    links.push({ target: target.trim(), parameters: readParameters(cursor) });
  }
  return links;
}

function readParameters(cursor: Cursor): Map<string, string> {
  const parameters = new Map<string, string>();
  while (cursor.take(PARAMETER_START) !== undefined) {
    const name = cursor.take(PARAMETER_NAME)?.toLowerCase();
    if (name === undefined) continue; // "link-param" may be left out between two semicolons
    const value = cursor.take(EQUALS) === undefined ? '' : readValue(cursor);
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

function readValue(cursor: Cursor): string {
  const quoted = cursor.take(QUOTED);
  if (quoted === undefined) return cursor.take(TOKEN) ?? '';
  return quoted.replaceAll(/\\(.)/g, '$1');
}

/** The ICE servers that a WHIP or WHEP endpoint offers (RFC 9725, 4.6): `Link: <turn:…>; rel="ice-server"`. */
export function iceServersOf(header: string | null): RTCIceServer[] {
  if (header === null) return [];
  return parseLinkHeader(header).flatMap(({ target, parameters }) => {
    const relations = (parameters.get('rel') ?? '').toLowerCase().split(/\s+/);
    if (!relations.includes('ice-server') || !ICE_SCHEME.test(target)) return [];
    const [username, credential] = [parameters.get('username'), parameters.get('credential')];
    const isTurn = /^turn/i.test(target);
    // A browser refuses the whole configuration for a TURN server without its credential.
    if (isTurn && (username === undefined || credential === undefined)) return [];
    return [isTurn ? { urls: target, username, credential } : { urls: target }];
  });
}
