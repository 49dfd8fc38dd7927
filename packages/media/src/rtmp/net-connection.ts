import { type AmfValue, isAmfObject } from '@kaibo/formats';
import type { MediaClient } from '../hooks/contract.ts';
import { randomClientId } from '../hub/client-id.ts';
import { audioChoiceOf } from '../hub/framing.ts';
import { parseStreamAddress, type StreamAddress, StreamNameError } from '../hub/stream-name.ts';
import type { EndReason } from '../hub/subscriber.ts';
import { OUT_CHUNK_SIZE } from './chunk-writer.ts';
import { encodeCommand, onStatus, type RtmpCommand } from './command.ts';
import { acceptConnect, type ConnectRequest, parseConnect } from './connect.ts';
import { setChunkSize, setPeerBandwidth, windowAckSize } from './control.ts';
import { RtmpError, type RtmpMessage } from './message.ts';
import { type RtmpConnection, RtmpPublisher } from './publisher.ts';
import { RtmpSubscriber } from './subscriber.ts';

/** Told to the peer as its window, and ours until it names one. */
export const WINDOW_ACK_BYTES = 2_500_000;
/** Message streams of one connection. */
const MAX_STREAMS = 16;
const MAX_HELD_COMMANDS = 16;

type Role = RtmpPublisher | RtmpSubscriber;

interface MessageStream {
  role?: Role;
  audio: boolean;
  video: boolean;
}

/** The session as its NetConnection needs it. */
export interface RtmpTransport extends RtmpConnection {
  /** Of the client. */
  readonly address: string;
  /** Whether any message stream publishes or plays: an idle connection is closed in time. */
  working(busy: boolean): void;
}

/** The commands of one connection (RTMP 1.0, 7.2): connect, then message streams that publish or play. */
export class NetConnection {
  #transport: RtmpTransport;
  #protocol: 'rtmp' | 'rtmps';
  #connect: ConnectRequest | undefined;
  /** Commands that came while the right to connect was being asked for. */
  #held: RtmpCommand[] | undefined;
  readonly #clientId = randomClientId();
  #streams = new Map<number, MessageStream>();

  constructor(transport: RtmpTransport, protocol: 'rtmp' | 'rtmps') {
    this.#transport = transport;
    this.#protocol = protocol;
  }

  /** Audio, video, data or aggregate. Throws RtmpError. */
  media(message: RtmpMessage): void {
    const role = this.#streams.get(message.streamId)?.role;
    if (role?.kind === 'publish') role.message(message);
  }

  /** The server ends everything on this connection. */
  finish(reason: EndReason): void {
    for (const { role } of this.#streams.values()) role?.finish(reason);
  }

  /** The connection is gone. */
  closed(): void {
    for (const { role } of this.#streams.values()) role?.close('closed');
    this.#streams.clear();
  }

  /** Throws RtmpError for a peer that breaks the order of things. */
  command(command: RtmpCommand): void {
    if (this.#held) {
      if (this.#held.push(command) > MAX_HELD_COMMANDS)
        throw new RtmpError('too_many', 'Too many commands before connect was answered.');
      return;
    }
    const handler = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
    if (command.name !== 'connect' && !this.#connect)
      throw new RtmpError('malformed', 'A command came before connect.');
    if (handler) handler.call(this, command);
    else if (command.transactionId !== 0) {
      this.#transport.send(encodeCommand(0, '_error', command.transactionId, null, NOT_UNDERSTOOD));
    }
  }

  /** RTMP 1.0, 7.2.1.1 */
  connect(command: RtmpCommand): void {
    if (this.#connect) throw new RtmpError('malformed', 'connect came twice.');
    const request = parseConnect(command.object);
    if ('refusal' in request) {
      this.#reject(command.transactionId, request.refusal);
      return;
    }
    this.#connect = request;
    const asked = this.#transport.host.connect(
      this.#client({ app: request.app, stream: '', param: request.query }),
      this.#transport.socket,
    );
    if (!asked) {
      this.#accept(command.transactionId, request);
      return;
    }
    this.#held = [];
    this.#transport.socket.pause();
    asked
      .then((denial) =>
        denial ? this.#reject(command.transactionId, denial.message) : this.#accept(command.transactionId, request),
      )
      .then(() => this.#release())
      .catch((error: unknown) => {
        this.#transport.host.log.error({ err: String(error) }, 'an RTMP connect could not be answered');
        this.#transport.close();
      });
  }

  #accept(transactionId: number, request: ConnectRequest): void {
    this.#transport.send(windowAckSize(WINDOW_ACK_BYTES));
    this.#transport.send(setPeerBandwidth(WINDOW_ACK_BYTES));
    this.#transport.send(setChunkSize(OUT_CHUNK_SIZE));
    this.#transport.send(acceptConnect(transactionId, request));
  }

  #reject(transactionId: number, description: string): void {
    const info = { level: 'error', code: 'NetConnection.Connect.Rejected', description };
    this.#transport.send(encodeCommand(0, '_error', transactionId, null, info));
    this.#transport.close();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.#transport.socket.destroyed) return;
    for (const command of held) this.command(command);
    this.#transport.socket.resume();
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
    const publisher = new RtmpPublisher(this.#transport, { streamId: command.streamId, clientId: client.clientId });
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
    const options = {
      streamId: command.streamId,
      clientId: client.clientId,
      name: client.stream,
      audio,
      video,
      audioChoice: audioChoiceOf(client.param),
    };
    this.#start(slot, new RtmpSubscriber(this.#transport, options), client);
  }

  /** RTMP 1.0, 7.2.2.2: a switch to another stream; here there is only the one that plays. */
  play2(command: RtmpCommand): void {
    const [options] = command.args;
    const wanted = options !== undefined && isAmfObject(options) ? options['streamName'] : undefined;
    const role = this.#streams.get(command.streamId)?.role;
    const same = role?.kind === 'play' && typeof wanted === 'string' && wanted.split('?')[0] === role.name;
    this.#transport.send(
      onStatus(
        command.streamId,
        same
          ? { level: 'status', code: 'NetStream.Play.Transition', description: 'This stream is playing.' }
          : {
              level: 'error',
              code: 'NetStream.Play.Failed',
              description: 'Streams cannot be switched; play the other one instead.',
            },
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
    if (![...this.#streams.values()].some((stream) => stream.role)) this.#transport.working(false);
  }

  /** FCUnpublish comes on the command stream and names the stream, which old encoders publish alone. */
  unpublishByName(command: RtmpCommand): void {
    this.#transport.send(
      encodeCommand(0, 'onFCUnpublish', 0, null, { code: 'NetStream.Unpublish.Success', description: 'Unpublished.' }),
    );
    this.reply(command, undefined);
    for (const [streamId, { role }] of this.#streams) if (role?.kind === 'publish') this.closeStream(streamId, false);
  }

  fcPublish(command: RtmpCommand): void {
    this.reply(command, undefined);
    this.#transport.send(
      encodeCommand(0, 'onFCPublish', 0, null, {
        code: 'NetStream.Publish.Start',
        description: 'Publishing is being set up.',
      }),
    );
  }

  reply(command: RtmpCommand, value: AmfValue): void {
    if (command.transactionId !== 0)
      this.#transport.send(encodeCommand(0, '_result', command.transactionId, null, value));
  }

  #start(slot: MessageStream, role: Role, client: MediaClient): void {
    slot.role = role;
    this.#transport.working(true);
    role.start(client).catch((error: unknown) => {
      this.#transport.host.log.error({ err: String(error) }, 'an RTMP stream failed to start');
      role.close('engine_failure');
      this.#transport.close();
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
      this.#transport.send(
        onStatus(command.streamId, { level: 'error', code: badNameCode, description: error.message }),
      );
      this.#transport.close();
      return undefined;
    }
  }

  #client({ app, stream, param }: StreamAddress): MediaClient {
    const { tcUrl = '', pageUrl = '' } = this.#connect ?? {};
    return {
      clientId: this.#streams.size <= 1 ? this.#clientId : randomClientId(),
      protocol: this.#protocol,
      address: this.#transport.address,
      vhost: '__defaultVhost__',
      app,
      stream,
      param,
      tcUrl,
      pageUrl,
    };
  }
}

const NOT_UNDERSTOOD = {
  level: 'error',
  code: 'NetConnection.Call.Failed',
  description: 'This server does not know that call.',
};

type CommandHandler = (this: NetConnection, command: RtmpCommand) => void;

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
