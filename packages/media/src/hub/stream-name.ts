import { createHash } from 'node:crypto';

/** Names travel in URLs, file names and metrics: letters, digits, `_`, `-`, and dots inside. */
const NAME = /^[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?$/;
const MAX_PARAM_LENGTH = 4096;

export interface StreamAddress {
  app: string;
  stream: string;
  /** With its `?`, or ''. */
  param: string;
}

export class StreamNameError extends Error {
  readonly code = 'invalid_stream_name';
}

/**
 * Checks an app and a stream name as a peer gave them; the stream may carry a query (`name?key=…`).
 * Throws StreamNameError, whose message never repeats the input.
 */
export function parseStreamAddress(app: string, streamAndQuery: string): StreamAddress {
  const at = streamAndQuery.indexOf('?');
  const stream = at < 0 ? streamAndQuery : streamAndQuery.slice(0, at);
  const param = at < 0 ? '' : streamAndQuery.slice(at);
  requireName('app', app);
  requireName('stream', stream);
  if (param.length > MAX_PARAM_LENGTH)
    throw new StreamNameError(`The stream's parameters are longer than ${MAX_PARAM_LENGTH} characters.`);
  return { app, stream, param };
}

function requireName(what: string, name: string): void {
  if (!NAME.test(name) || name.includes('..')) {
    throw new StreamNameError(`The ${what} name must be 1 to 128 letters, digits, "-", "_" or inner dots.`);
  }
}

export function streamKeyOf({ app, stream }: { app: string; stream: string }): string {
  return `${app}/${stream}`;
}

/** The same id for the same name on every node, in the form of SRS's. */
export function streamIdOf(key: string): string {
  return `vid-${createHash('sha256').update(key).digest('hex').slice(0, 7)}`;
}
