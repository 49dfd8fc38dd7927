import type { Socket } from 'node:net';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { Framing } from '../hub/framing.ts';
import type { PlayTicket } from '../hub/session-host.ts';
import type { EndReason, Subscriber } from '../hub/subscriber.ts';
import { encodeData, onStatus } from './command.ts';
import { userControl } from './control.ts';
import { rtmpFraming, type RtmpFramingOptions } from './framing.ts';
import { USER_CONTROL } from './message.ts';
import type { RtmpConnection } from './publisher.ts';

/** One message stream that plays. The media itself is written to the socket by the stream's fan-out. */
export class RtmpSubscriber implements Subscriber {
  readonly clientId: string;
  readonly framing: Framing;
  readonly kind = 'play';
  readonly name: string;
  #connection: RtmpConnection;
  #streamId: number;
  #ticket: PlayTicket | undefined;
  #closed = false;

  constructor(connection: RtmpConnection, options: RtmpFramingOptions & { clientId: string; name: string }) {
    this.#connection = connection;
    this.#streamId = options.streamId;
    this.clientId = options.clientId;
    this.name = options.name;
    this.framing = rtmpFraming(options);
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  /** Asks for the stream; media may begin much later. Resolves to whether the play was let in. */
  async start(client: MediaClient): Promise<boolean> {
    const ticket = await this.#connection.host.play(client, this);
    if (ticket.action === 'deny') {
      this.#deny(ticket);
      return false;
    }
    if (this.#closed) {
      ticket.close('closed');
      return false;
    }
    this.#ticket = ticket;
    return true;
  }

  begin(): void {
    const { socket } = this;
    socket.cork(); // our words and the first media, which follows in this tick, are one write
    process.nextTick(() => socket.uncork());
    this.#connection.send(userControl(USER_CONTROL.streamBegin, this.#streamId));
    this.#status('status', 'NetStream.Play.Reset', `Playing and resetting ${this.name}.`);
    this.#status('status', 'NetStream.Play.Start', `Started playing ${this.name}.`);
    this.#connection.send(encodeData(this.#streamId, '|RtmpSampleAccess', true, true));
  }

  finish(reason: EndReason): void {
    if (this.#closed) return;
    if (reason === 'not_published') {
      this.#status('error', 'NetStream.Play.StreamNotFound', 'Nobody is publishing this stream.');
    } else {
      this.#connection.send(userControl(USER_CONTROL.streamEof, this.#streamId));
      this.#status('status', 'NetStream.Play.UnpublishNotify', `${this.name} has ended (${reason}).`);
      this.#status('status', 'NetStream.Play.Stop', `Stopped playing ${this.name}.`);
    }
    this.close(reason);
    this.#connection.close();
  }

  close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticket?.close(reason);
  }

  /** RTMP 1.0, 7.2.2.8. A live stream has no past: after a pause it goes on at the present. */
  pause(paused: boolean): void {
    if (paused) this.#ticket?.pause();
    else this.#ticket?.resume();
    const what = paused ? 'Pause' : 'Unpause';
    this.#status('status', `NetStream.${what}.Notify`, paused ? 'Paused.' : 'Going on with the live picture.');
  }

  seek(): void {
    this.#status('error', 'NetStream.Seek.Failed', 'A live stream cannot be sought in.');
  }

  #deny(denial: Denial): void {
    const code = denial.status === 404 ? 'NetStream.Play.StreamNotFound' : 'NetStream.Play.Failed';
    this.#status('error', code, `${denial.message} (${denial.code})`);
    this.close('closed');
    this.#connection.close();
  }

  #status(level: 'status' | 'error', code: string, description: string): void {
    this.#connection.send(
      onStatus(this.#streamId, { level, code, description, details: this.name, clientid: this.clientId }),
    );
  }
}
