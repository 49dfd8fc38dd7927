import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { MediaClient } from '../hooks/contract.ts';
import { closeSoon } from '../hub/close-soon.ts';
import { audioChoiceOf, type Framing } from '../hub/framing.ts';
import type { PlayTicket, SessionHost } from '../hub/session-host.ts';
import type { EndReason, Subscriber } from '../hub/subscriber.ts';
import { httpFlvFraming } from './framing.ts';
import { CORS_HEADERS, refusalFor, refuse } from './reply.ts';

/** A GET of `/APP/STREAM.flv`: headers once the stream has media, then the stream writes to the bare socket. */
export class HttpFlvSubscriber implements Subscriber {
  readonly clientId: string;
  readonly framing: Framing;
  readonly socket: Socket;
  #response: ServerResponse;
  #ticket: PlayTicket | undefined;
  #begun = false;
  #closed = false;

  constructor(response: ServerResponse, { clientId, param }: MediaClient) {
    this.clientId = clientId;
    this.framing = httpFlvFraming(audioChoiceOf(param));
    this.#response = response;
    this.socket = response.req.socket;
    this.socket.once('close', () => this.#close('closed'));
  }

  async start(host: SessionHost, client: MediaClient): Promise<void> {
    const ticket = await host.play(client, this);
    if (ticket.action === 'deny') {
      refuse(this.#response, ticket);
      return;
    }
    if (this.#closed) ticket.close('closed');
    else this.#ticket = ticket;
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const response = this.#response;
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      ...CORS_HEADERS,
      'Content-Type': 'video/x-flv',
      'Cache-Control': 'no-store',
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
  }

  finish(reason: EndReason): void {
    if (this.#begun) closeSoon(this.socket);
    else refuse(this.#response, refusalFor(reason));
    this.#close(reason);
  }

  #close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticket?.close(reason);
  }
}
