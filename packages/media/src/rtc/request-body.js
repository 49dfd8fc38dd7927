/** A body that is not taken; `status` and `code` are the answer's. */
export class BodyError extends Error {
  status;
  code;
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
/** The whole body as text. Rejects with BodyError past a bound; never resolves when the peer goes. */
export function readBody(request, { maxBytes, timeoutMs }) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const pieces = [];
  let bytes = 0;
  const timer = setTimeout(
    () => reject(new BodyError(408, 'body_timeout', 'The body did not come in time.')),
    timeoutMs,
  );
  request.on('data', (piece) => {
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
