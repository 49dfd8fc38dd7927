import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { MediaClient } from '../hooks/contract.ts';
import { cutSoon } from '../hub/close-soon.ts';
import { audioChoiceOf, type Framing } from '../hub/framing.ts';
import type { PlayTicket, SessionHost } from '../hub/session-host.ts';
import type { EndReason, Subscriber } from '../hub/subscriber.ts';
import { wsFlvFraming } from './framing.ts';
import { refusalFor, refuseUpgrade } from './reply.ts';
import { closeCode, keepAlive } from './ws-session.ts';

/**
 * A player over WebSocket. The upgrade is answered once the stream has media; after that the stream writes ready-made
 * frames to the bare socket, and `ws` only reads: pings, pongs and the close.
 */
export class WsFlvSubscriber implements Subscriber {
  readonly clientId: string;
  readonly framing: Framing;
  readonly socket: Socket;
  /** Completes the upgrade; synchronous, as `ws` does it. */
  #accept: () => WebSocket | undefined;
  #webSocket: WebSocket | undefined;
  #ticket: PlayTicket | undefined;
  #closed = false;

  constructor(options: { client: MediaClient; socket: Socket; accept: () => WebSocket | undefined }) {
    this.clientId = options.client.clientId;
    this.framing = wsFlvFraming(audioChoiceOf(options.client.param));
    this.socket = options.socket;
    this.#accept = options.accept;
    this.socket.once('close', () => this.#close('closed'));
  }

  async start(host: SessionHost, client: MediaClient): Promise<void> {
    const ticket = await host.play(client, this);
    if (ticket.action === 'deny') {
      refuseUpgrade(this.socket, ticket);
      return;
    }
    if (this.#closed) ticket.close('closed');
    else this.#ticket = ticket;
  }

  begin(): void {
    if (this.#webSocket || this.#closed) return;
    this.#webSocket = this.#accept();
    if (!this.#webSocket) return;
    keepAlive(this.#webSocket);
    this.#webSocket.on('message', (_data, binary) => {
      if (!binary) this.#webSocket?.close(1003, 'A player sends nothing.');
    });
  }

  finish(reason: EndReason): void {
    if (this.#webSocket) {
      this.#webSocket.close(closeCode(reason), reason);
      cutSoon(this.socket);
    } else refuseUpgrade(this.socket, refusalFor(reason));
    this.#close(reason);
  }

  #close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticket?.close(reason);
  }
}
