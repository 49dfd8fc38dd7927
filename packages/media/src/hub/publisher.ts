import type { Socket } from 'node:net';
import type { EndReason } from './subscriber.ts';

/**
 * A connection that feeds a stream. Implemented by rtmp/publisher.ts, flv/http-publisher.ts and
 * flv/ws-publisher.ts.
 */
export interface Publisher {
  readonly clientId: string;
  readonly socket: Socket;
  /** The server ends it: say so in the protocol's words and close. */
  finish(reason: EndReason): void;
}
