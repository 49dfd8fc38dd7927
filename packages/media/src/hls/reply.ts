import type { ServerResponse } from 'node:http';
import type { Denial } from '../hooks/contract.ts';

export interface HlsRefusal {
  status: number;
  code: string;
  message: string;
}

/** A reader that takes nothing for this long is cut. */
const STALLED_MS = 30_000;
export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** Every page may play: media rights are in the URL, never in a cookie. */
export const HLS_CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Range, If-None-Match',
  'Access-Control-Expose-Headers': 'Content-Length, Content-Range, Date, ETag',
  'Access-Control-Max-Age': '86400',
};

/** The same JSON as FLV's refusals; the connection goes on. */
export function refuseHls(response: ServerResponse, { status, code, message }: HlsRefusal | Denial): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({ error: message, code });
  response.writeHead(status, {
    ...HLS_CORS,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 405 ? { Allow: 'GET, HEAD, OPTIONS' } : {}),
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export interface HlsBody {
  type: string;
  /** One after another. */
  chunks: readonly Uint8Array[];
  cacheControl: string;
  etag?: string;
}

/**
 * Sends what others may be sent as well: the chunks are shared. Honours `If-None-Match` and, with `ranges`, one byte range
 * (RFC 9110, 13.1.2 and 14). Returns how many bytes of the body were sent.
 */
export function send(
  response: ServerResponse,
  { type, chunks, cacheControl, etag }: HlsBody,
  { ranges = false }: { ranges?: boolean } = {},
): number {
  if (response.headersSent || response.destroyed) return 0;
  const { req: request } = response;
  const common = { ...HLS_CORS, 'Cache-Control': cacheControl, ...(etag === undefined ? {} : { ETag: etag }) };
  if (etag !== undefined && matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, common).end();
    return 0;
  }
  const sizeBytes =
    chunks.length === 1 ? (chunks[0]?.length ?? 0) : chunks.reduce((sum, { length }) => sum + length, 0);
  const range = ranges ? rangeOf(request.headers.range, sizeBytes) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${sizeBytes}`);
    refuseHls(response, RANGE_NOT_SATISFIABLE);
    return 0;
  }
  const lengthBytes = range ? range.end - range.start : sizeBytes;
  response.writeHead(range ? 206 : 200, {
    ...common,
    'Content-Type': type,
    'Content-Length': lengthBytes,
    ...(ranges ? { 'Accept-Ranges': 'bytes' } : {}),
    ...(range ? { 'Content-Range': `bytes ${range.start}-${range.end - 1}/${sizeBytes}` } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  const body = range ? sliced(chunks, range) : chunks;
  if (lengthBytes > MANY_BYTES) response.setTimeout(STALLED_MS, () => response.destroy());
  for (const chunk of body.slice(0, -1)) response.write(chunk);
  response.end(body.at(-1));
  return lengthBytes;
}

/** What the kernel takes at once needs no watch. */
const MANY_BYTES = 64 * 1024;

interface ByteRange {
  start: number;
  /** Exclusive. */
  end: number;
}

/** Undefined for none, and for forms that may be ignored (several ranges, other units). */
function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = RANGE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const suffix = Math.min(Number(last), sizeBytes);
    return suffix === 0 ? 'unsatisfiable' : { start: sizeBytes - suffix, end: sizeBytes };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}

function sliced(chunks: readonly Uint8Array[], { start, end }: ByteRange): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    const from = Math.max(0, start - offset);
    const to = Math.min(chunk.length, end - offset);
    if (from < to) parts.push(chunk.subarray(from, to));
    offset += chunk.length;
  }
  return parts;
}

function matches(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((one) => [etag, `W/${etag}`, '*'].includes(one.trim()));
}

const RANGE_NOT_SATISFIABLE: HlsRefusal = {
  status: 416,
  code: 'range_not_satisfiable',
  message: 'There are no such bytes.',
};
