import type { Socket } from 'node:net';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { Publisher } from '../hub/publisher.ts';
import { PublisherWatch } from '../hub/publisher-watch.ts';
import type { PublishTicket, SessionHost } from '../hub/session-host.ts';
import type { EndReason } from '../hub/subscriber.ts';
import { onStatus } from './command.ts';
import { packetsFromMessage } from './convert.ts';
import { RtmpError, type RtmpMessage } from './message.ts';

/** A publisher that sends before it was answered has this many messages kept; its socket is paused meanwhile. */
const MAX_EARLY_MESSAGES = 256;

/** What a message stream needs of its connection. */
export interface RtmpConnection {
  readonly socket: Socket;
  readonly host: SessionHost;
  send(bytes: Buffer): void;
  /** Sends what is queued, then closes. */
  close(): void;
}

/** One message stream that publishes: RTMP messages → packets → the stream. */
export class RtmpPublisher implements Publisher {
  readonly clientId: string;
  readonly kind = 'publish';
  #connection: RtmpConnection;
  #streamId: number;
  #watch: PublisherWatch;
  #ticket: PublishTicket | undefined;
  #early: RtmpMessage[] = [];
  #closed = false;

  constructor(connection: RtmpConnection, options: { streamId: number; clientId: string }) {
    this.#connection = connection;
    this.#streamId = options.streamId;
    this.clientId = options.clientId;
    this.#watch = new PublisherWatch({ limits: connection.host.options.limits, stop: (reason) => this.finish(reason) });
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  /** Asks for the stream and answers the peer. Resolves to whether it publishes now. */
  async start(client: MediaClient): Promise<boolean> {
    this.socket.pause();
    const ticket = await this.#connection.host.publish(client, this);
    this.socket.resume();
    if (ticket.action === 'deny') {
      this.#deny(ticket);
      return false;
    }
    if (this.#closed) {
      ticket.close('closed');
      return false;
    }
    this.#ticket = ticket;
    this.#status('status', 'NetStream.Publish.Start', `${client.stream} is now published.`);
    return this.#catchUp();
  }

  /** What came before the answer. It is read outside the session's own reading, so its faults are met here. */
  #catchUp(): boolean {
    const early = this.#early;
    this.#early = [];
    try {
      for (const message of early) this.message(message);
      return true;
    } catch (error) {
      if (!(error instanceof RtmpError)) throw error;
      this.#connection.host.log.info({ clientId: this.clientId, code: error.code }, error.message);
      this.finish('malformed');
      return false;
    }
  }

  /** Audio, video, data or aggregate. Throws RtmpError. */
  message(message: RtmpMessage): void {
    if (this.#closed) return;
    this.#watch.count(message.payload.length);
    if (!this.#ticket) {
      if (this.#early.length < MAX_EARLY_MESSAGES) this.#early.push(message);
      return;
    }
    for (const packet of packetsFromMessage(message)) this.#ticket.push(packet);
  }

  finish(reason: EndReason): void {
    if (this.#closed) return;
    const code = reason === 'replaced' ? 'NetStream.Publish.BadName' : 'NetStream.Publish.Failed';
    this.#status('error', code, FINISH_WORDS[reason] ?? 'The server ended this publish.');
    this.close(reason);
    this.#connection.close();
  }

  /** The peer ended it, or its connection closed. */
  close(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#early = [];
    this.#ticket?.close(reason);
  }

  /** FCUnpublish or deleteStream: an orderly end. */
  unpublished(): void {
    if (!this.#closed) this.#status('status', 'NetStream.Unpublish.Success', 'The stream is no longer published.');
    this.close('closed');
  }

  #deny(denial: Denial): void {
    const code =
      denial.status === 401 || denial.status === 403 ? 'NetStream.Publish.Denied' : 'NetStream.Publish.BadName';
    this.#status('error', code, `${denial.message} (${denial.code})`);
    this.close('closed');
    this.#connection.close();
  }

  #status(level: 'status' | 'error', code: string, description: string): void {
    this.#connection.send(onStatus(this.#streamId, { level, code, description, clientid: this.clientId }));
  }
}

const FINISH_WORDS: Partial<Record<EndReason, string>> = {
  ended: 'This broadcast was ended.',
  kicked: 'The publisher was disconnected by the operator.',
  replaced: 'Another encoder with the same key took over.',
  idle: 'Nothing was sent for too long.',
  bitrate_limit: 'The bitrate is over this server’s limit.',
  server_stopping: 'The server is stopping.',
  malformed: 'The media could not be read.',
};
