import type { Socket } from 'node:net';
import { closeSoon } from '../hub/close-soon.ts';
import type { SessionHost } from '../hub/session-host.ts';
import { ChunkReader } from './chunk-reader.ts';
import { decodeCommand } from './command.ts';
import { acknowledgement, userControl } from './control.ts';
import { HandshakeError, ServerHandshake } from './handshake.ts';
import { MESSAGE, RtmpError, type RtmpMessage, USER_CONTROL } from './message.ts';
import { NetConnection, type RtmpTransport, WINDOW_ACK_BYTES } from './net-connection.ts';

/** A peer may ask for acknowledgements as often as every KiB, no oftener. */
const MIN_ACK_WINDOW_BYTES = 1024;

/** Answers and media that the peer has not taken yet; a healthy player is far below. */
const MAX_UNREAD_BYTES = 1024 * 1024;

export interface RtmpSessionDeps {
  socket: Socket;
  /** Of the client, which is not the socket's where a proxy stands between. */
  address: string;
  host: SessionHost;
  protocol: 'rtmp' | 'rtmps';
}

/**
 * One RTMP connection as bytes: handshake → chunks → messages, which go to its NetConnection. Everything a peer does
 * wrong ends this connection and nothing else.
 */
export class RtmpSession implements RtmpTransport {
  readonly socket: Socket;
  readonly address: string;
  readonly host: SessionHost;
  #protocol: 'rtmp' | 'rtmps';
  #handshake = new ServerHandshake();
  #chunks = new ChunkReader();
  #connection: NetConnection;
  #ackWindow = WINDOW_ACK_BYTES;
  #received = 0;
  #acknowledged = 0;
  #idle: NodeJS.Timeout | undefined;
  #closing = false;

  constructor({ socket, address, host, protocol }: RtmpSessionDeps) {
    this.socket = socket;
    this.address = address;
    this.host = host;
    this.#protocol = protocol;
    this.#connection = new NetConnection(this, protocol);
    this.working(false);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => undefined); // 'close' follows and says everything
    socket.on('close', () => this.#closed());
  }

  send(bytes: Buffer): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    closeSoon(this.socket);
  }

  /** A peer that does not publish or play within `handshakeMs` is closed. */
  working(busy: boolean): void {
    clearTimeout(this.#idle);
    if (!busy && !this.#closing)
      this.#idle = setTimeout(() => this.close(), this.host.options.limits.handshakeMs).unref();
  }

  #receive(bytes: Buffer): void {
    if (this.#closing) return;
    this.socket.cork(); // the answers to one read are one write
    try {
      this.#received += bytes.length;
      if (this.#handshake.done) this.#readChunks(bytes);
      else this.#shake(bytes);
    } catch (error) {
      if (!(error instanceof RtmpError || error instanceof HandshakeError)) throw error;
      this.host.log.info({ address: this.address, protocol: this.#protocol, code: error.code }, error.message);
      this.#connection.finish('malformed');
      this.close();
    } finally {
      this.socket.uncork();
    }
    this.#throttle();
  }

  /** A peer that asks on without reading the answers is not read from until it does: its buffers fill, not ours. */
  #throttle(): void {
    if (this.socket.writableLength <= MAX_UNREAD_BYTES || this.socket.isPaused()) return;
    this.socket.pause();
    this.socket.once('drain', () => this.socket.resume());
  }

  #shake(bytes: Buffer): void {
    const { reply, rest } = this.#handshake.push(bytes);
    if (reply) this.send(reply);
    if (rest && rest.length > 0) this.#readChunks(rest);
  }

  #readChunks(bytes: Buffer): void {
    this.#chunks.push(bytes, (message) => this.#message(message));
    if (this.#received - this.#acknowledged >= this.#ackWindow) {
      this.#acknowledged = this.#received;
      this.send(acknowledgement(this.#received));
    }
  }

  #message(message: RtmpMessage): void {
    if (this.#closing) return;
    switch (message.type) {
      case MESSAGE.audio:
      case MESSAGE.video:
      case MESSAGE.dataAmf0:
      case MESSAGE.dataAmf3:
      case MESSAGE.aggregate:
        this.#connection.media(message);
        return;
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.#connection.command(decodeCommand(message));
        return;
      case MESSAGE.windowAckSize:
        if (message.payload.length >= 4)
          this.#ackWindow = Math.max(message.payload.readUInt32BE(0), MIN_ACK_WINDOW_BYTES);
        return;
      case MESSAGE.userControl:
        this.#userControl(message.payload);
        return;
      default: // acknowledgements, peer bandwidth, and what we do not know: nothing to do (RTMP 1.0, 7.1)
    }
  }

  #userControl(payload: Buffer): void {
    if (payload.length >= 6 && payload.readUInt16BE(0) === USER_CONTROL.pingRequest) {
      this.send(userControl(USER_CONTROL.pingResponse, payload.readUInt32BE(2)));
    }
  }

  #closed(): void {
    this.#closing = true;
    clearTimeout(this.#idle);
    this.#connection.closed();
  }
}
