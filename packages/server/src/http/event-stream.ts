import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The beginning of server-sent events, which no proxy may hold back; a client comes again after `retryMs`. */
export function beginEventStream(
  response: ServerResponse,
  { headers, retryMs }: { headers: Readonly<OutgoingHttpHeaders>; retryMs: number },
): void {
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  response.write(`retry: ${retryMs}\n\n`);
}
