import type { Socket } from 'node:net';
import type { MediaPacket } from '@kaibo/formats';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { HlsShelf } from '../hls/shelf.ts';
import type { MediaOptions } from '../options.ts';
import type { RtcDoor } from '../rtc/contract.ts';
import type { Publisher } from './publisher.ts';
import type { EndReason, Subscriber } from './subscriber.ts';

/** The right to send one stream's packets until `close`. */
export interface PublishTicket {
  action: 'publish';
  push(packet: MediaPacket): void;
  /** Idempotent. Told by the session when its peer went or it gave up. */
  close(reason: EndReason): void;
}

/** A place among one stream's viewers until `close`. */
export interface PlayTicket {
  action: 'play';
  /** RTMP pause: nothing is sent until `resume`, which goes on at the next key frame. */
  pause(): void;
  resume(): void;
  /** Idempotent. */
  close(reason: EndReason): void;
}

export interface MediaLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What protocol sessions need of the worker they live on. Implemented by cluster/worker.ts. */
export interface SessionHost {
  readonly options: MediaOptions;
  readonly log: MediaLog;
  /** Counts a new socket until it closes, by `address` where a proxy made it for that one. False: over a limit, and the socket is gone. */
  admit(socket: Socket, address?: string): boolean;
  /**
   * Asks whether an RTMP connection may be made at all, when anybody wants to be asked; its close is told then.
   * Undefined: nobody does, go on.
   */
  connect(client: MediaClient, socket: Socket): Promise<Denial | undefined> | undefined;
  /** Authorizes and claims. A session that closed meanwhile must close the ticket it gets. */
  publish(client: MediaClient, publisher: Publisher): Promise<PublishTicket | Denial>;
  /** Authorizes and subscribes; `subscriber.begin` may come much later. */
  play(client: MediaClient, subscriber: Subscriber): Promise<PlayTicket | Denial>;
  /** What a play would be answered, without being one. */
  probe(client: MediaClient): Promise<{ action: 'probe'; publishing: boolean } | Denial>;
  /** What WebRTC's HTTP side asks of the main thread. */
  readonly rtc: RtcDoor;
  /** Windows and sessions of HLS. */
  readonly hls: HlsShelf;
}
