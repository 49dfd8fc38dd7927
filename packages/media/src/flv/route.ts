import type { IncomingMessage } from 'node:http';
import { parseStreamAddress, type StreamAddress, StreamNameError } from '../hub/stream-name.ts';

const FLV_PATH = /^\/([^/]+)\/([^/]+)\.flv$/;
const PLAY_ALIAS = '/play';
const PUBLISH_ALIAS = '/publish';
/** Sub-protocols that make `/APP/STREAM.flv` a publish (Node-Media-Server's clients). */
const PUBLISH_PROTOCOLS = new Set(['post', 'publisher']);

export interface FlvRoute {
  intent: 'play' | 'publish';
  address: StreamAddress;
}

export interface RouteFailure {
  status: 400 | 404;
  code: string;
  message: string;
}

/**
 * Which stream a request is about (contracts.md, Media URLs). `Authorization: Bearer SECRET` stands for `key=` on a
 * publish. Sockets and plain requests differ only in how a publish is told from a play.
 */
export function routeFlv(request: IncomingMessage, { socket }: { socket: boolean }): FlvRoute | RouteFailure {
  const url = parseUrl(request.url ?? '');
  if (!url) return { status: 400, code: 'invalid_url', message: 'The address cannot be read.' };
  const match = FLV_PATH.exec(url.pathname);
  const alias = socket && (url.pathname === PLAY_ALIAS || url.pathname === PUBLISH_ALIAS);
  if (!match && !alias) return { status: 404, code: 'not_found', message: 'There is nothing at this address.' };
  const intent = socket ? socketIntent(request, url) : request.method === 'POST' ? 'publish' : 'play';
  const app = match ? decode(match[1]) : (url.searchParams.get('app') ?? 'live');
  const stream = match ? decode(match[2]) : (url.searchParams.get('stream') ?? '');
  if (alias) {
    url.searchParams.delete('app');
    url.searchParams.delete('stream');
  }
  const bearer = /^Bearer ([\w.~+/=-]{1,1024})$/.exec(request.headers.authorization ?? '')?.[1];
  if (intent === 'publish' && bearer !== undefined && !url.searchParams.has('key')) url.searchParams.set('key', bearer);
  try {
    return { intent, address: parseStreamAddress(app, stream + url.search) };
  } catch (error) {
    if (error instanceof StreamNameError) return { status: 400, code: error.code, message: error.message };
    throw error;
  }
}

function socketIntent(request: IncomingMessage, url: URL): FlvRoute['intent'] {
  if (url.pathname === PUBLISH_ALIAS) return 'publish';
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.some((name) => PUBLISH_PROTOCOLS.has(name)) ? 'publish' : 'play';
}

function parseUrl(target: string): URL | undefined {
  return target.startsWith('/') ? (URL.parse(target, 'http://media.invalid') ?? undefined) : undefined;
}

/** A name that is not valid percent-encoding is no valid name either: it is returned as it is and refused as such. */
function decode(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
