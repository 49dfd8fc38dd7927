import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

const MAX_REPLY_BYTES = 256 * 1024;

export interface SrsRequest {
  method: 'POST' | 'DELETE';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
}

/** `closed`: the connection was there and ended without an answer, which is how SRS refuses. */
export type SrsReply =
  | { type: 'answer'; status: number; location: string | undefined; body: string }
  | { type: 'closed' }
  | { type: 'unreachable' };

export type SrsSend = (request: SrsRequest) => Promise<SrsReply>;

/** One request on a connection of its own: on a kept one, a refusal and an old connection's end would look the same. */
export const sendToSrs: SrsSend = async ({ method, url, headers, body, timeoutMs }) => {
  const { promise, resolve } = Promise.withResolvers<SrsReply>();
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = open(url, { method, agent: false, headers: { ...headers, Connection: 'close' } });
  let isConnected = false;
  request.on('socket', (socket) => socket.once('connect', () => (isConnected = true)));
  const timer = setTimeout(() => {
    resolve({ type: 'unreachable' });
    request.destroy();
  }, timeoutMs);
  request.on('error', () => resolve({ type: isConnected ? 'closed' : 'unreachable' }));
  request.on('response', (response) => {
    readReply(response).then(resolve, () => resolve({ type: 'closed' }));
  });
  request.end(body);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
};

async function readReply(response: IncomingMessage): Promise<SrsReply> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_REPLY_BYTES) throw new Error('an answer that is no session description');
    parts.push(part);
  }
  const { statusCode = 0, headers } = response;
  const body = Buffer.concat(parts).toString('utf8');
  return { type: 'answer', status: statusCode, location: headers.location, body };
}
