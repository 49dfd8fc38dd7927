import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Somebody's server that takes webhooks. */
export interface Receiver {
  url: string;
  port: number;
  received: ReceivedRequest[];
  /** Its bodies as JSON, those that were answered with success. */
  taken: Record<string, unknown>[];
  /** What it answers; it may look at what came. */
  answer: (request: ReceivedRequest) => number;
  /** It takes what comes, and answers nothing. */
  holds: boolean;
  /** Nobody answers at its port any more. */
  close(): Promise<void>;
}

export async function startReceiver({ port = 0 }: { port?: number } = {}): Promise<Receiver> {
  const server: Server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() };
      receiver.received.push(one);
      if (receiver.holds) return;
      const status = receiver.answer(one);
      if (status < 300) receiver.taken.push(JSON.parse(one.body) as Record<string, unknown>);
      answer.writeHead(status, { location: 'http://169.254.169.254/latest' }).end();
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const receiver: Receiver = {
    ...{ url: `http://127.0.0.1:${bound}/hook`, port: bound, received: [], taken: [], answer: () => 204, holds: false },
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  onTestFinished(() => receiver.close());
  return receiver;
}
