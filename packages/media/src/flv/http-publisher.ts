import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MediaClient } from '../hooks/contract.ts';
import type { SessionHost } from '../hub/session-host.ts';
import type { EndReason } from '../hub/subscriber.ts';
import { FlvPublisher } from './publisher.ts';
import { CORS_HEADERS, refuse } from './reply.ts';

const FINISH_STATUS: Partial<Record<EndReason, number>> = {
  malformed: 400,
  idle: 408,
  replaced: 409,
  bitrate_limit: 413,
  server_stopping: 503,
};

/** A POST of FLV to `/APP/STREAM.flv`, for as long as its body lasts: days, if need be. */
export async function publishHttpFlv(
  host: SessionHost,
  { request, response, client }: { request: IncomingMessage; response: ServerResponse; client: MediaClient },
): Promise<void> {
  const publisher = new FlvPublisher(
    {
      socket: request.socket,
      refuse: (denial) => refuse(response, denial),
      finish: (reason, detail) => {
        refuse(response, { status: FINISH_STATUS[reason] ?? 410, code: reason, message: detail });
        request.resume();
        request.socket.destroySoon();
      },
    },
    host,
    client.clientId,
  );
  request.socket.once('close', () => publisher.close('closed'));
  if (!(await publisher.start(client))) return;
  if (request.headers.expect === '100-continue') response.writeContinue();
  request.on('data', (bytes: Buffer) => publisher.push(bytes));
  request.on('error', () => publisher.close('closed'));
  request.once('end', () => {
    publisher.close('closed');
    if (response.headersSent) return;
    response.writeHead(200, { ...CORS_HEADERS, 'Content-Type': 'application/json; charset=utf-8' });
    response.end('{"code":0}');
  });
}
