import http from 'node:http';
import https from 'node:https';
import { FlvWireReader } from './flv-wire.ts';
import { RawWebSocket, type WebSocketOptions } from './raw-websocket.ts';
import { until } from './until.ts';

export interface HttpTarget {
  port: number;
  /** With its query. */
  path: string;
  /** HTTPS, without checking the certificate. */
  tls?: boolean;
  method?: string;
  headers?: http.OutgoingHttpHeaders;
}

function openRequest({ port, path, tls = false, method = 'GET', headers = {} }: HttpTarget): http.ClientRequest {
  const options = { host: '127.0.0.1', port, path, method, headers, agent: false, rejectUnauthorized: false };
  return tls ? https.request(options) : http.request(options);
}

async function response(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

/** One HTTP-FLV viewer. `flv.tags` fills while it plays. */
export class HttpFlvPlayer {
  readonly flv = new FlvWireReader();
  readonly response: http.IncomingMessage;
  /** What is wrong with the bytes, if anything. */
  malformed: unknown;
  /** Resolves when the server ends the response, or the connection breaks. */
  readonly ended: Promise<void>;

  private constructor(incoming: http.IncomingMessage) {
    this.response = incoming;
    this.ended = new Promise((resolve) => incoming.once('close', resolve));
    incoming.on('error', () => {});
    incoming.on('data', (bytes: Buffer) => {
      try {
        this.flv.push(bytes);
      } catch (error) {
        this.malformed ??= error;
      }
    });
  }

  /** Rejects when the answer is not 200, with the status and the body in the message. */
  static async open(target: HttpTarget): Promise<HttpFlvPlayer> {
    const request = openRequest(target).end();
    const incoming = await response(request);
    request.on('error', () => {});
    if (incoming.statusCode === 200) return new HttpFlvPlayer(incoming);
    throw new Error(`HTTP ${incoming.statusCode}: ${Buffer.concat(await incoming.toArray()).toString()}`);
  }

  async received(tags: number, timeoutMs = 10_000): Promise<void> {
    await until(() => this.flv.tags.length >= tags, { timeoutMs, what: `${tags} tags` });
  }

  close(): void {
    this.response.destroy();
  }
}

/** Status, headers and body of a request that is answered at once. */
export async function fetchWhole(
  target: HttpTarget,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  const incoming = await response(openRequest(target).end());
  const body = Buffer.concat(await incoming.toArray()).toString();
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
}

/** One HTTP-FLV publisher: a chunked POST that goes on until `end`. */
export class HttpFlvPublisher {
  readonly request: http.ClientRequest;
  /** The server's answer: at once when refused, else at the end. */
  readonly answer: Promise<{ status: number; body: string }>;

  constructor(target: HttpTarget) {
    this.request = openRequest({
      method: 'POST',
      ...target,
      headers: { 'Content-Type': 'video/x-flv', ...target.headers },
    });
    this.request.flushHeaders();
    this.answer = response(this.request).then(async (incoming) => ({
      status: incoming.statusCode ?? 0,
      body: Buffer.concat(await incoming.toArray()).toString(),
    }));
    this.answer.catch(() => {});
    this.request.on('error', () => {});
  }

  write(bytes: Buffer): void {
    this.request.write(bytes);
  }

  end(): void {
    this.request.end();
  }

  /** Vanishes without a word, as a broken network does. */
  abort(): void {
    this.request.destroy();
  }
}

/** One WS-FLV viewer. */
export class WsFlvPlayer {
  readonly flv = new FlvWireReader();
  readonly socket: RawWebSocket;

  private constructor(socket: RawWebSocket) {
    this.socket = socket;
    for (const { payload } of socket.messages) this.flv.push(payload);
    socket.onMessage = ({ opcode, payload }) => {
      if (opcode === 'binary') this.flv.push(payload);
    };
  }

  static async open(options: WebSocketOptions): Promise<WsFlvPlayer> {
    return new WsFlvPlayer(await RawWebSocket.open(options));
  }

  async received(tags: number, timeoutMs = 10_000): Promise<void> {
    await until(() => this.flv.tags.length >= tags, { timeoutMs, what: `${tags} tags` });
  }

  close(): void {
    this.socket.destroy();
  }
}
