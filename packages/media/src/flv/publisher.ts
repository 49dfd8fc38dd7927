import type { Socket } from 'node:net';
import { FlvDemuxer, FormatError, packetFromTag } from '@kaibo/formats';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { Publisher } from '../hub/publisher.ts';
import { PublisherWatch } from '../hub/publisher-watch.ts';
import type { PublishTicket, SessionHost } from '../hub/session-host.ts';
import type { EndReason } from '../hub/subscriber.ts';

/** How the transport says goodbye: HTTP by a status, WebSocket by a close code. */
export interface FlvTransport {
  readonly socket: Socket;
  /** Before the first byte was taken. */
  refuse(denial: Denial): void;
  /** After: the server ends it. `detail` is for the publisher's eyes. */
  finish(reason: EndReason, detail: string): void;
}

/** Publishes one continuous FLV byte stream, whatever carries it: bytes → tags → packets → the stream. */
export class FlvPublisher implements Publisher {
  readonly clientId: string;
  #transport: FlvTransport;
  #host: SessionHost;
  #demuxer = new FlvDemuxer();
  #watch: PublisherWatch;
  #ticket: PublishTicket | undefined;
  #closed = false;

  constructor(transport: FlvTransport, host: SessionHost, clientId: string) {
    this.#transport = transport;
    this.#host = host;
    this.clientId = clientId;
    this.#watch = new PublisherWatch({ limits: host.options.limits, stop: (reason) => this.finish(reason) });
  }

  get socket(): Socket {
    return this.#transport.socket;
  }

  /** Resolves to whether bytes may be pushed now. */
  async start(client: MediaClient): Promise<boolean> {
    const ticket = await this.#host.publish(client, this);
    if (ticket.action === 'deny') {
      if (!this.#closed) this.#transport.refuse(ticket);
      this.close('closed');
      return false;
    }
    if (this.#closed) {
      ticket.close('closed');
      return false;
    }
    this.#ticket = ticket;
    return true;
  }

  /** Bytes cut anywhere. Malformed ones end this publisher. */
  push(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#watch.count(bytes.length);
    try {
      for (const tag of this.#demuxer.push(bytes)) {
        if (tag.body.length > 0) this.#ticket?.push(packetFromTag(tag));
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#host.log.info(
        { clientId: this.clientId, code: error.code },
        `an FLV publisher sent bytes that cannot be read: ${error.message}`,
      );
      this.#end('malformed', error.message);
    }
  }

  finish(reason: EndReason): void {
    this.#end(reason, reason);
  }

  /** The peer ended it, or its connection closed. */
  close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#ticket?.close(reason);
  }

  #end(reason: EndReason, detail: string): void {
    if (this.#closed) return;
    this.close(reason);
    this.#transport.finish(reason, detail);
  }
}
