import type { Readable } from 'node:stream';

/** What is looked at of a body that is too large, so that whoever sent a little too much is told why, and not cut off. */
const PATIENCE = 4;

/** A body without end, or of a length that is not even waited for. */
export class BodyTooLargeError extends Error {
  readonly code = 'body_too_large';
  /** Whether more of it is to come, so that the connection cannot be used any more. */
  readonly isUnread: boolean;

  constructor(isUnread: boolean) {
    super('the body is too large');
    this.name = 'BodyTooLargeError';
    this.isUnread = isUnread;
  }
}

/**
 * The whole body, of which never more than `maxBytes` is kept. `declaredBytes` is its `Content-Length`, if it has one: far
 * too much is refused before any of it is read. @throws BodyTooLargeError
 */
export async function readBody(
  body: Readable,
  { declaredBytes, maxBytes }: { declaredBytes: number | undefined; maxBytes: number },
): Promise<Buffer> {
  if ((declaredBytes ?? 0) > maxBytes * PATIENCE) throw new BodyTooLargeError(true);
  const chunks: Buffer[] = [];
  let read = 0;
  // `break` would destroy the stream, and with it the connection by which the answer goes.
  const end = Promise.withResolvers<void>();
  body.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (read > maxBytes * PATIENCE) end.reject(new BodyTooLargeError(true));
  });
  body.once('end', end.resolve).once('error', end.reject).once('close', end.resolve);
  try {
    await end.promise;
  } finally {
    body.removeAllListeners('data').pause();
  }
  if (read > maxBytes) throw new BodyTooLargeError(false);
  return Buffer.concat(chunks);
}
