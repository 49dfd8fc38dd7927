import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Refusal {
  status: number;
  code: string;
  message: string;
}

/** Every page may play: media rights are in the URL, never in a cookie. */
export const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Range',
  'Access-Control-Max-Age': '86400',
};

/** JSON before any byte of media. The connection is not used again. */
export function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({ error: message, code });
  response.writeHead(status, {
    ...CORS_HEADERS,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** The same answer to a WebSocket upgrade, which has no response object. */
export function refuseUpgrade(socket: Socket, { status, code, message }: Refusal): void {
  if (socket.destroyed || !socket.writable) return;
  const body = JSON.stringify({ error: message, code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Access-Control-Allow-Origin: *',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

export const NOT_PUBLISHED: Refusal = {
  status: 404,
  code: 'stream_not_found',
  message: 'Nobody is publishing this stream.',
};
export const STOPPING: Refusal = { status: 503, code: 'server_stopping', message: 'This server is stopping.' };

/** What a viewer that has not begun yet is answered. */
export function refusalFor(reason: string): Refusal {
  if (reason === 'server_stopping') return STOPPING;
  if (reason === 'kicked') return { status: 403, code: 'kicked', message: 'The operator ended this connection.' };
  return NOT_PUBLISHED;
}
