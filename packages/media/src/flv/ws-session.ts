import type { WebSocket } from 'ws';
import type { EndReason } from '../hub/subscriber.ts';

/** contracts.md: ping every 20 s; a peer that answers none of two is gone. */
const PING_MS = 20_000;

/** A peer that pings on without reading the pongs gets no more of them. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Pings and answers pings until the socket closes, and cuts a peer that no longer answers. */
export function keepAlive(webSocket: WebSocket): void {
  let missed = 0;
  webSocket.on('pong', () => (missed = 0));
  webSocket.on('ping', (data: Buffer) => {
    if (webSocket.bufferedAmount <= MAX_UNREAD_BYTES) webSocket.pong(data);
  });
  webSocket.on('error', () => undefined); // protocol errors: `ws` closes with the right code, 'close' follows
  const timer = setInterval(() => {
    if (missed >= 2) webSocket.terminate();
    else {
      missed++;
      webSocket.ping();
    }
  }, PING_MS);
  webSocket.once('close', () => clearInterval(timer));
}

/** RFC 6455, 7.4.1; 4000 and up are ours. */
export function closeCode(reason: EndReason): number {
  return CLOSE_CODES[reason] ?? 1011;
}

const CLOSE_CODES: Partial<Record<EndReason, number>> = {
  ended: 1000,
  closed: 1000,
  server_stopping: 1001,
  malformed: 1007,
  kicked: 4003,
  not_published: 4004,
  slow_viewer: 4008,
  idle: 4009,
  replaced: 4010,
  bitrate_limit: 4011,
};
