import { send } from '../http.ts';
import type { Ask } from './events-source.ts';
import { PollingTransport } from './polling-transport.ts';
import { SseTransport } from './sse-transport.ts';
import type { Transport, TransportEvents, TransportKind } from './transport.ts';
import { WebSocketTransport } from './websocket-transport.ts';

export interface NewTransportOptions {
  url: string;
  token: string | undefined;
  WebSocket?: typeof globalThis.WebSocket;
  ask?: Ask;
  pingIntervalMs: number;
  pongTimeoutMs: number;
  pollPauseMs: number;
  newId: () => string;
}

/** How long the server may hold a poll's answer back. */
const POLL_WAIT_SECONDS = 20;

/** A connection of the given kind, not opened yet. */
export function newTransport(kind: TransportKind, options: NewTransportOptions, events: TransportEvents): Transport {
  const ask = options.ask ?? plainAsk(options);
  switch (kind) {
    case 'websocket':
      return new WebSocketTransport({ ...options, WebSocket: options.WebSocket ?? globalThis.WebSocket }, events);
    case 'sse':
      return new SseTransport({ ask, silenceMs: options.pingIntervalMs + options.pongTimeoutMs }, events);
    case 'polling':
      return new PollingTransport({ ask, pauseMs: options.pollPauseMs, waitSeconds: POLL_WAIT_SECONDS }, events);
  }
}

function plainAsk({ url, token }: NewTransportOptions): Ask {
  const http = {
    baseUrl: new URL(url.replace(/^ws/, 'http')).origin,
    fetch: globalThis.fetch,
    acceptLanguage: () => undefined,
  };
  return (path, request) => send(http, path, { ...request, bearer: token });
}
