import type { IncomingMessage } from 'node:http';

/** A body that is not taken; `status` and `code` are the answer's. */
export class BodyError extends Error {
  readonly status: 408 | 413;
  readonly code: 'body_too_large' | 'body_timeout';

  constructor(status: 408 | 413, code: BodyError['code'], message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The whole body as text. Rejects with BodyError past a bound; never resolves when the peer goes. */
export function readBody(
  request: IncomingMessage,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(
    () => reject(new BodyError(408, 'body_timeout', 'The body did not come in time.')),
    timeoutMs,
  );
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= maxBytes) pieces.push(piece);
    else {
      pieces.length = 0;
      reject(new BodyError(413, 'body_too_large', `The body may have ${maxBytes} bytes.`));
    }
  });
  request.once('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
  request.on('error', () => undefined); // 'close' follows
  request.once('close', () => clearTimeout(timer));
  return promise;
}
