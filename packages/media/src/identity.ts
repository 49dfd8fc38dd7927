import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { streamIdOf } from './hub/stream-name.ts';

/** Who answers, in SRS's words: `server` stays over restarts of one machine, `service` is one run of the process. */
export interface ServerIdentity {
  server: string;
  service: string;
  pid: string;
}

let identity: ServerIdentity | undefined;

/** One per process, because hooks and API must agree. */
export function serverIdentity(): ServerIdentity {
  identity ??= { server: streamIdOf(hostname()), service: randomBytes(4).toString('hex'), pid: String(process.pid) };
  return identity;
}
