import type { IncomingMessage } from 'node:http';
import { parseStreamAddress, type StreamAddress, StreamNameError } from '../hub/stream-name.ts';
import type { PlaylistPlace } from './window.ts';
import type { HlsRefusal } from './reply.ts';

const MULTIVARIANT_FILE = /^\/([^/]+)\/([^/]+)\.m3u8$/;
const FOLDER_FILE = /^\/([^/]+)\/([^/]+)\/([^/]+\.(?:m3u8|m4s|mp4|ts))$/;
const MEDIA_FILE = /^([0-9a-f]{12})-(?:init(\d{1,9})\.mp4|(\d{1,12})(?:(?:\.(\d{1,5}))?\.m4s|(\.ts)))$/;
const DIRECTIVE = /^\d{1,12}$/;
/** What belongs to this layer, and is no parameter of the stream. */
const OWN_PARAMETERS = ['session', '_HLS_msn', '_HLS_part', '_HLS_skip', '_HLS_push', '_HLS_report'];

export type HlsFile =
  /** `from`: how media playlists are named in it, relative to its own address. */
  | { kind: 'multivariant'; from: string }
  | { kind: 'media'; ts: boolean }
  | { kind: 'init'; run: string; id: number }
  | { kind: 'segment'; run: string; msn: number; ts: boolean }
  | { kind: 'part'; run: string; msn: number; part: number };

export interface HlsRoute {
  file: HlsFile;
  address: StreamAddress;
  session: string | undefined;
  /** Delivery directives of RFC 8216bis, 6.2.5. */
  place: PlaylistPlace | undefined;
  skip: boolean;
}

/** Whether a request is for `HlsHttp`. */
export function isHlsRequest({ url = '' }: IncomingMessage): boolean {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  return path.endsWith('.m3u8') || FOLDER_FILE.test(path);
}

/** Which file of which stream a request is about (contracts.md, Media URLs). */
export function routeHls({ url: target = '' }: IncomingMessage): HlsRoute | HlsRefusal {
  const url = target.startsWith('/') ? URL.parse(target, 'http://media.invalid') : null;
  if (!url) return { status: 400, code: 'invalid_url', message: 'The address cannot be read.' };
  const found = fileOf(url.pathname);
  if (!found) return NOTHING;
  const { searchParams } = url;
  const place = placeOf(searchParams);
  if (place === 'malformed') return MALFORMED_DIRECTIVE;
  const session = searchParams.get('session') ?? undefined;
  const skip = ['YES', 'v2'].includes(searchParams.get('_HLS_skip') ?? '');
  for (const name of OWN_PARAMETERS) searchParams.delete(name);
  try {
    const address = parseStreamAddress(found.app, found.stream + url.search);
    return { file: found.file, address, session, place, skip };
  } catch (error) {
    if (error instanceof StreamNameError) return { status: 400, code: error.code, message: error.message };
    throw error;
  }
}

function fileOf(path: string): { app: string; stream: string; file: HlsFile } | undefined {
  const single = MULTIVARIANT_FILE.exec(path);
  if (single) {
    const [, app = '', stream = ''] = single;
    return { app: decode(app), stream: decode(stream), file: { kind: 'multivariant', from: `${stream}/` } };
  }
  const [, app, stream, name] = FOLDER_FILE.exec(path) ?? [];
  if (app === undefined || stream === undefined || name === undefined) return undefined;
  const file = namedFile(name);
  return file && { app: decode(app), stream: decode(stream), file };
}

function namedFile(name: string): HlsFile | undefined {
  if (name === 'index.m3u8') return { kind: 'multivariant', from: '' };
  if (name === 'live.m3u8') return { kind: 'media', ts: false };
  if (name === 'ts.m3u8') return { kind: 'media', ts: true };
  const [, run, init, msn, part, ts] = MEDIA_FILE.exec(name) ?? [];
  if (run === undefined) return undefined;
  if (init !== undefined) return { kind: 'init', run, id: Number(init) };
  if (part !== undefined) return { kind: 'part', run, msn: Number(msn), part: Number(part) };
  return { kind: 'segment', run, msn: Number(msn), ts: ts !== undefined };
}

/** A part without its segment, and anything but a number, is a mistake of the player (6.2.5.2). */
function placeOf(query: URLSearchParams): PlaylistPlace | undefined | 'malformed' {
  if (query.getAll('_HLS_msn').length > 1 || query.getAll('_HLS_part').length > 1) return 'malformed';
  const msn = query.get('_HLS_msn');
  const part = query.get('_HLS_part');
  if (msn === null) return part === null ? undefined : 'malformed';
  if (!DIRECTIVE.test(msn) || (part !== null && !DIRECTIVE.test(part))) return 'malformed';
  return { msn: Number(msn), part: part === null ? undefined : Number(part) };
}

/** A name that is not valid percent-encoding is no valid name either: it is returned as it is and refused as such. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const NOTHING: HlsRefusal = { status: 404, code: 'not_found', message: 'There is nothing at this address.' };
const MALFORMED_DIRECTIVE: HlsRefusal = {
  status: 400,
  code: 'invalid_directive',
  message: '_HLS_msn and _HLS_part are decimal numbers, and a part needs its segment.',
};
