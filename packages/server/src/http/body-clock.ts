import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Until a body has come whole. */
const BODY_MS = 60_000;
/** Of a body that may take as long as it flows: so many bytes in every so many ms, about 2 KiB/s. */
const FLOW_BYTES = 64 * 1024;
const FLOW_MS = 30_000;
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const clocks = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/**
 * Ends connections whose request bodies do not come to an end. Instead of node's own `requestTimeout`, which is one for all
 * requests: an upload may go on for hours. Heads have node's `headersTimeout`.
 */
export function limitBodies(handler: RequestListener, { bodyMs = BODY_MS } = {}): RequestListener {
  return (request, response) => {
    if (hasBody(request)) {
      clocks.set(
        request,
        setTimeout(() => end(request, response), bodyMs),
      );
      request.once('close', () => stopClock(request));
    }
    handler(request, response);
  };
}

/** From now on the body of this request may take as long as it wants, while bytes of it come. */
export function letBodyFlow(request: IncomingMessage, { bytes = FLOW_BYTES, everyMs = FLOW_MS } = {}): void {
  const { socket } = request;
  if (!clocks.has(request) || request.complete) return;
  stopClock(request);
  let before = socket.bytesRead;
  const clock = setInterval(() => {
    if (request.complete) return clearInterval(clock);
    // Where something waits to be read, it is us who are slow: a disk, or a bucket.
    const isSlow = socket.bytesRead - before < bytes && request.readableLength === 0;
    before = socket.bytesRead;
    if (isSlow) socket.destroy();
  }, everyMs);
  clocks.set(request, clock);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function stopClock(request: IncomingMessage): void {
  clearTimeout(clocks.get(request));
  clocks.delete(request);
}

function end(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  const { socket } = request;
  if (!response.headersSent) socket.write(TIMED_OUT);
  socket.destroy();
}
