import type { Socket } from 'node:net';
import { type AmfValue, isAmfObject } from '@kaibo/formats';
import type { MediaClient } from '../hooks/contract.ts';
import { closeSoon } from '../hub/close-soon.ts';
import { randomClientId } from '../hub/client-id.ts';
import type { SessionHost } from '../hub/session-host.ts';
import { parseStreamAddress, type StreamAddress, StreamNameError } from '../hub/stream-name.ts';
import { ChunkReader } from './chunk-reader.ts';
import { OUT_CHUNK_SIZE } from './chunk-writer.ts';
import { decodeCommand, encodeCommand, onStatus, type RtmpCommand } from './command.ts';
import { acceptConnect, type ConnectRequest, parseConnect } from './connect.ts';
import { acknowledgement, setChunkSize, setPeerBandwidth, userControl, windowAckSize } from './control.ts';
import { HandshakeError, ServerHandshake } from './handshake.ts';
import { MESSAGE, RtmpError, type RtmpMessage, USER_CONTROL } from './message.ts';
import { type RtmpConnection, RtmpPublisher } from './publisher.ts';
import { RtmpSubscriber } from './subscriber.ts';

/** Told to the peer as its window, and ours until it names one. */
const WINDOW_ACK_BYTES = 2_500_000;
/** Message streams of one connection. */
const MAX_STREAMS = 16;

type Role = RtmpPublisher | RtmpSubscriber;

interface MessageStream {
  role?: Role;
  audio: boolean;
  video: boolean;
}

/**
 * One RTMP connection: handshake → chunks → messages → commands. Message streams publish or play; everything a peer
 * does wrong ends this connection and nothing else.
 */
export class RtmpSession implements RtmpConnection {
  readonly socket: Socket;
  readonly host: SessionHost;
  #protocol: 'rtmp' | 'rtmps';
  #address: string;
  #handshake = new ServerHandshake();
  #chunks = new ChunkReader();
  #connect: ConnectRequest | undefined;
  #streams = new Map<number, MessageStream>();
  #ackWindow = WINDOW_ACK_BYTES;
  #received = 0;
  #acknowledged = 0;
  #idle: NodeJS.Timeout | undefined;
  #closing = false;

  constructor({ socket, host, protocol }: { socket: Socket; host: SessionHost; protocol: 'rtmp' | 'rtmps' }) {
    this.socket = socket;
    this.host = host;
    this.#protocol = protocol;
    this.#address = socket.remoteAddress ?? '';
    this.#expectWork();
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

  #receive(bytes: Buffer): void {
    if (this.#closing) return;
    try {
      this.#received += bytes.length;
      if (this.#handshake.done) this.#readChunks(bytes);
      else this.#shake(bytes);
    } catch (error) {
      if (!(error instanceof RtmpError || error instanceof HandshakeError)) throw error;
      this.host.log.info({ address: this.#address, protocol: this.#protocol, code: error.code }, error.message);
      for (const { role } of this.#streams.values()) role?.finish('malformed');
      this.close();
    }
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
      case MESSAGE.aggregate: {
        const role = this.#streams.get(message.streamId)?.role;
        if (role?.kind === 'publish') role.message(message);
        return;
      }
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.#command(decodeCommand(message));
        return;
      case MESSAGE.windowAckSize:
        if (message.payload.length >= 4) this.#ackWindow = Math.max(message.payload.readUInt32BE(0), 1024);
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

  #command(command: RtmpCommand): void {
    const handler = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
    if (command.name !== 'connect' && !this.#connect) throw new RtmpError('malformed', 'A command came before connect.');
    if (handler) handler.call(this, command);
    else if (command.transactionId !== 0) {
      this.send(encodeCommand(0, '_error', command.transactionId, null, NOT_UNDERSTOOD));
    }
  }

  /** RTMP 1.0, 7.2.1.1 */
  connect(command: RtmpCommand): void {
    if (this.#connect) throw new RtmpError('malformed', 'connect came twice.');
    const request = parseConnect(command.object);
    if ('refusal' in request) {
      const info = { level: 'error', code: 'NetConnection.Connect.Rejected', description: request.refusal };
      this.send(encodeCommand(0, '_error', command.transactionId, null, info));
      this.close();
      return;
    }
    this.#connect = request;
    this.send(windowAckSize(WINDOW_ACK_BYTES));
    this.send(setPeerBandwidth(WINDOW_ACK_BYTES));
    this.send(setChunkSize(OUT_CHUNK_SIZE));
    this.send(acceptConnect(command.transactionId, request));
  }

  /** RTMP 1.0, 7.2.1.3 */
  createStream(command: RtmpCommand): void {
    if (this.#streams.size >= MAX_STREAMS) throw new RtmpError('too_many', `More than ${MAX_STREAMS} message streams.`);
    let streamId = 1;
    while (this.#streams.has(streamId)) streamId++;
    this.#streams.set(streamId, { audio: true, video: true });
    this.reply(command, streamId);
  }

  /** RTMP 1.0, 7.2.2.6 */
  publish(command: RtmpCommand): void {
    const [name] = command.args;
    const address = this.#streamAddress(command, name, 'NetStream.Publish.BadName');
    const slot = address && this.#freeSlot(command.streamId);
    if (!address || !slot) return;
    const client = this.#client(address);
    const publisher = new RtmpPublisher(this, { streamId: command.streamId, clientId: client.clientId });
    this.#start(slot, publisher, client);
  }

  /** RTMP 1.0, 7.2.2.1 */
  play(command: RtmpCommand): void {
    const [name] = command.args;
    const address = this.#streamAddress(command, name, 'NetStream.Play.StreamNotFound');
    const slot = address && this.#freeSlot(command.streamId);
    if (!address || !slot) return;
    const client = this.#client(address);
    const { audio, video } = slot;
    const options = { streamId: command.streamId, clientId: client.clientId, name: client.stream, audio, video };
    this.#start(slot, new RtmpSubscriber(this, options), client);
  }

  /** RTMP 1.0, 7.2.2.2: a switch to another stream; here there is only the one that plays. */
  play2(command: RtmpCommand): void {
    const [options] = command.args;
    const wanted = options !== undefined && isAmfObject(options) ? options['streamName'] : undefined;
    const role = this.#streams.get(command.streamId)?.role;
    const same = role?.kind === 'play' && typeof wanted === 'string' && wanted.split('?')[0] === role.name;
    this.send(
      onStatus(
        command.streamId,
        same
          ? { level: 'status', code: 'NetStream.Play.Transition', description: 'This stream is playing.' }
          : { level: 'error', code: 'NetStream.Play.Failed', description: 'Streams cannot be switched; play the other one instead.' },
      ),
    );
  }

  pause(command: RtmpCommand): void {
    const role = this.#streams.get(command.streamId)?.role;
    if (role?.kind === 'play') role.pause(command.args[0] === true);
  }

  seek(command: RtmpCommand): void {
    const role = this.#streams.get(command.streamId)?.role;
    if (role?.kind === 'play') role.seek();
  }

  /** RTMP 1.0, 7.2.2.4 and 7.2.2.5: counts for the next play on this message stream. */
  receive(command: RtmpCommand, kind: 'audio' | 'video'): void {
    const slot = this.#streams.get(command.streamId);
    if (slot) slot[kind] = command.args[0] !== false;
  }

  /** deleteStream names the stream (RTMP 1.0, 7.2.2.3); closeStream means its own. */
  closeStream(streamId: number, forget: boolean): void {
    const slot = this.#streams.get(streamId);
    if (!slot) return;
    const { role } = slot;
    slot.role = undefined;
    if (role?.kind === 'publish') role.unpublished();
    else role?.close('closed');
    if (forget) this.#streams.delete(streamId);
    if (![...this.#streams.values()].some((stream) => stream.role)) this.#expectWork();
  }

  /** FCUnpublish comes on the command stream and names the stream, which old encoders publish alone. */
  unpublishByName(command: RtmpCommand): void {
    this.send(encodeCommand(0, 'onFCUnpublish', 0, null, { code: 'NetStream.Unpublish.Success', description: 'Unpublished.' }));
    this.reply(command, undefined);
    for (const [streamId, { role }] of this.#streams) if (role?.kind === 'publish') this.closeStream(streamId, false);
  }

  fcPublish(command: RtmpCommand): void {
    this.reply(command, undefined);
    this.send(encodeCommand(0, 'onFCPublish', 0, null, { code: 'NetStream.Publish.Start', description: 'Publishing is being set up.' }));
  }

  reply(command: RtmpCommand, value: AmfValue): void {
    if (command.transactionId !== 0) this.send(encodeCommand(0, '_result', command.transactionId, null, value));
  }

  #start(slot: MessageStream, role: Role, client: MediaClient): void {
    slot.role = role;
    clearTimeout(this.#idle);
    role.start(client).catch((error: unknown) => {
      this.host.log.error({ err: String(error) }, 'an RTMP stream failed to start');
      role.close('engine_failure');
      this.close();
    });
  }

  #freeSlot(streamId: number): MessageStream | undefined {
    const slot = this.#streams.get(streamId);
    if (!slot) throw new RtmpError('malformed', `Message stream ${streamId} was never created.`);
    if (slot.role) throw new RtmpError('malformed', `Message stream ${streamId} is in use.`);
    return slot;
  }

  #streamAddress(command: RtmpCommand, name: AmfValue, badNameCode: string): StreamAddress | undefined {
    const { app = '', query = '' } = this.#connect ?? {};
    try {
      const address = parseStreamAddress(app, typeof name === 'string' ? name : '');
      return address.param === '' ? parseStreamAddress(app, address.stream + query) : address;
    } catch (error) {
      if (!(error instanceof StreamNameError)) throw error;
      this.send(onStatus(command.streamId, { level: 'error', code: badNameCode, description: error.message }));
      this.close();
      return undefined;
    }
  }

  #client({ app, stream, param }: StreamAddress): MediaClient {
    const { tcUrl = '', pageUrl = '' } = this.#connect ?? {};
    return {
      clientId: randomClientId(),
      protocol: this.#protocol,
      address: this.#address,
      vhost: '__defaultVhost__',
      app,
      stream,
      param,
      tcUrl,
      pageUrl,
    };
  }

  /** The peer has to publish or play within this time. */
  #expectWork(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), this.host.options.limits.handshakeMs);
    this.#idle.unref();
  }

  #closed(): void {
    this.#closing = true;
    clearTimeout(this.#idle);
    for (const { role } of this.#streams.values()) role?.close('closed');
    this.#streams.clear();
  }
}

const NOT_UNDERSTOOD = { level: 'error', code: 'NetConnection.Call.Failed', description: 'This server does not know that call.' };

type CommandHandler = (this: RtmpSession, command: RtmpCommand) => void;

const COMMANDS: Record<string, CommandHandler> = {
  connect(command) {
    this.connect(command);
  },
  createStream(command) {
    this.createStream(command);
  },
  releaseStream(command) {
    this.reply(command, undefined);
  },
  FCPublish(command) {
    this.fcPublish(command);
  },
  publish(command) {
    this.publish(command);
  },
  play(command) {
    this.play(command);
  },
  play2(command) {
    this.play2(command);
  },
  pause(command) {
    this.pause(command);
  },
  pauseRaw(command) {
    this.pause(command);
  },
  seek(command) {
    this.seek(command);
  },
  receiveAudio(command) {
    this.receive(command, 'audio');
  },
  receiveVideo(command) {
    this.receive(command, 'video');
  },
  deleteStream(command) {
    const [streamId] = command.args;
    if (typeof streamId === 'number') this.closeStream(streamId, true);
  },
  closeStream(command) {
    this.closeStream(command.streamId, false);
  },
  FCUnpublish(command) {
    this.unpublishByName(command);
  },
  getStreamLength(command) {
    this.reply(command, 0);
  },
  FCSubscribe(command) {
    this.reply(command, undefined);
  },
  _checkbw(command) {
    this.reply(command, undefined);
  },
  _result() {},
  _error() {},
};

