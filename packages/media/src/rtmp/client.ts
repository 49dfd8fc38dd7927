import type { Socket } from 'node:net';
import { type AmfObject, type AmfValue, encodeAmf0, isAmfObject } from '@kaibo/formats';
import { closeSoon } from '../hub/close-soon.ts';
import { DEFAULT_CHUNK_SIZE, ChunkReader } from './chunk-reader.ts';
import { encodeMessage, OUT_CHUNK_SIZE } from './chunk-writer.ts';
import { dial, type DialOptions } from './client-dial.ts';
import { RtmpClientError } from './client-error.ts';
import { ClientHandshake } from './client-handshake.ts';
import type { RtmpTarget } from './client-url.ts';
import { decodeCommand, encodeCommand, type RtmpCommand } from './command.ts';
import { FOUR_CC_LIST } from './connect.ts';
import { acknowledgement, setChunkSize, userControl, windowAckSize } from './control.ts';
import { HandshakeError } from './handshake.ts';
import { CHUNK_STREAM, MESSAGE, RtmpError, type RtmpMessage, USER_CONTROL } from './message.ts';
import { WINDOW_ACK_BYTES } from './net-connection.ts';

const TRANSACTION = { connect: 1, releaseStream: 2, fcPublish: 3, createStream: 4, publish: 5, play: 6 } as const;
const FLASH_VERSION = 'FMLE/3.0 (compatible; Kaibo)';
/** Milliseconds of media that a player wants buffered: as little as servers allow (RTMP 1.0, 7.1.7). */
const BUFFER_MS = 500;
/** A status code that may be repeated: the other side's free words could hold the key. */
const STATUS_CODE = /^Net(?:Connection|Stream)(?:\.[A-Za-z]{1,40}){1,3}$/;

export interface RtmpClientListener {
  /** Audio, video, data or aggregate, of a stream that is played. Throws RtmpError for what cannot be read. */
  media?(message: RtmpMessage): void;
  /** Once, when the server ended what was begun; not when that failed at once, and not after `close`. */
  closed(error: RtmpClientError): void;
}

/**
 * A connection to another RTMP server that publishes or plays one stream: dial, plain handshake, connect, createStream,
 * then media. Every step has `timeoutMs`; every failure is an RtmpClientError and closes the socket.
 */
export class RtmpClient {
  readonly socket: Socket;
  readonly #target: RtmpTarget;
  readonly #timeoutMs: number;
  readonly #handshake = new ClientHandshake();
  readonly #chunks = new ChunkReader();
  #listener: RtmpClientListener | undefined;
  /** The one answer that is waited for. */
  #waiting: Wait | undefined;
  #failure: RtmpClientError | undefined;
  #ackWindow = WINDOW_ACK_BYTES;
  #received = 0;
  #acknowledged = 0;
  #streamId = 0;
  #role: 'publish' | 'play' | undefined;

  private constructor(socket: Socket, target: RtmpTarget, timeoutMs: number) {
    this.socket = socket;
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => undefined); // 'close' follows and says everything
    socket.on('close', () => this.#fail(new RtmpClientError('closed', 'The server closed the connection.')));
  }

  /** @throws RtmpClientError */
  static async open(target: RtmpTarget, options: DialOptions): Promise<RtmpClient> {
    const client = new RtmpClient(await dial(target, options), target, options.timeoutMs);
    await client.#shake();
    await client.#connect();
    return client;
  }

  /** Whether it was ended, by whichever side. */
  get isClosed(): boolean {
    return this.#failure !== undefined;
  }

  /** Bytes that were given to `send` and not yet taken by the system. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  /**
   * Publishes under the target's name; answers the message stream id that media goes to.
   * @throws RtmpClientError
   */
  async publish(listener: RtmpClientListener): Promise<number> {
    const { name } = this.#target;
    this.#listener = listener;
    // Encoders announce the stream by both; servers of old want them, the others do not mind.
    this.send(encodeCommand(0, 'releaseStream', TRANSACTION.releaseStream, null, name));
    this.send(encodeCommand(0, 'FCPublish', TRANSACTION.fcPublish, null, name));
    await this.#createStream();
    const answer = this.#expect('publish_rejected', ({ name: command, args }) =>
      command === 'onStatus' ? judgeStatus(args[0], /^NetStream\.Publish\.Start$/) : undefined,
    );
    this.send(encodeCommand(this.#streamId, 'publish', TRANSACTION.publish, null, name, 'live'));
    this.#role = 'publish'; // before the answer: what follows it may come in the same packet
    await answer;
    return this.#streamId;
  }

  /**
   * Asks for the target's stream. It may come much later or never: servers differ in whether they say so.
   * @throws RtmpClientError
   */
  async play(listener: RtmpClientListener): Promise<void> {
    this.#listener = listener;
    await this.#createStream();
    this.#role = 'play';
    this.send(encodeCommand(this.#streamId, 'play', TRANSACTION.play, null, this.#target.name, -2000));
    this.send(setBufferLength(this.#streamId));
  }

  send(bytes: Buffer): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
  }

  /** Says goodbye and closes; `closed` is not told. Idempotent. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#failure = new RtmpClientError('closed', 'The connection was ended from here.');
    if (this.#role === 'publish') this.send(encodeCommand(0, 'FCUnpublish', 0, null, this.#target.name));
    if (this.#role !== undefined) this.send(encodeCommand(0, 'deleteStream', 0, null, this.#streamId));
    this.#waiting?.reject(this.#failure);
    closeSoon(this.socket);
  }

  /** Cuts without a word; `closed` is not told. Idempotent. */
  destroy(): void {
    this.#failure ??= new RtmpClientError('closed', 'The connection was cut from here.');
    this.#waiting?.reject(this.#failure);
    this.socket.destroy();
  }

  async #shake(): Promise<void> {
    const answer = this.#expect('handshake_failed', () => undefined);
    this.send(this.#handshake.begin());
    await answer;
  }

  /** RTMP 1.0, 7.2.1.1; Enhanced RTMP v2 tells the codecs that may come. */
  async #connect(): Promise<void> {
    const { app, tcUrl } = this.#target;
    const object: AmfObject = {
      app,
      type: 'nonprivate',
      flashVer: FLASH_VERSION,
      tcUrl,
      fpad: false,
      capabilities: 15,
      audioCodecs: 4071,
      videoCodecs: 252,
      videoFunction: 1,
      objectEncoding: 0,
      fourCcList: [...FOUR_CC_LIST],
    };
    const answer = this.#expect('connect_rejected', resultOf(TRANSACTION.connect));
    // In chunks of the default size: some servers take nothing before connect, not even another size.
    this.send(
      encodeMessage({
        type: MESSAGE.commandAmf0,
        chunkStreamId: CHUNK_STREAM.command,
        streamId: 0,
        timestampMs: 0,
        payload: encodeAmf0(['connect', TRANSACTION.connect, object]),
        chunkBytes: DEFAULT_CHUNK_SIZE,
      }),
    );
    await answer;
    this.send(setChunkSize(OUT_CHUNK_SIZE));
  }

  async #createStream(): Promise<void> {
    const answer = this.#expect('connect_rejected', resultOf(TRANSACTION.createStream));
    this.send(encodeCommand(0, 'createStream', TRANSACTION.createStream, null));
    const { args } = await answer;
    const [streamId] = args;
    if (typeof streamId !== 'number') throw this.#fail(new RtmpClientError('malformed', 'No message stream was made.'));
    this.#streamId = streamId;
  }

  /** `judge` says of every command whether it is the answer, and a good one. A refusal has this `code`. */
  #expect(code: RefusalCode, judge: (command: RtmpCommand) => boolean | undefined): Promise<RtmpCommand> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<RtmpCommand>();
    const timer = setTimeout(
      () => this.#fail(new RtmpClientError('timeout', 'The server did not answer in time.')),
      this.#timeoutMs,
    );
    const settled = (): void => {
      clearTimeout(timer);
      this.#waiting = undefined;
    };
    this.#waiting = {
      code,
      judge,
      resolve: (command) => (settled(), resolve(command)),
      reject: (error) => (settled(), reject(error)),
    };
    return promise;
  }

  #receive(bytes: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      this.#received += bytes.length;
      if (this.#handshake.done) this.#readChunks(bytes);
      else {
        const { reply, rest } = this.#handshake.push(bytes);
        if (reply) this.send(reply);
        if (this.#handshake.done) this.#waiting?.resolve(NOTHING);
        if (rest && rest.length > 0) this.#readChunks(rest);
      }
    } catch (error) {
      if (!(error instanceof RtmpError || error instanceof HandshakeError)) throw error;
      const code = error instanceof HandshakeError ? 'handshake_failed' : 'malformed';
      this.#fail(new RtmpClientError(code, `The server does not speak RTMP as it should: ${error.message}`));
    }
  }

  #readChunks(bytes: Buffer): void {
    this.#chunks.push(bytes, (message) => this.#message(message));
    if (this.#received - this.#acknowledged < this.#ackWindow) return;
    this.#acknowledged = this.#received;
    this.send(acknowledgement(this.#received));
  }

  #message(message: RtmpMessage): void {
    if (this.#failure !== undefined) return;
    const { type, payload } = message;
    switch (type) {
      case MESSAGE.audio:
      case MESSAGE.video:
      case MESSAGE.dataAmf0:
      case MESSAGE.dataAmf3:
      case MESSAGE.aggregate:
        if (this.#role === 'play') this.#listener?.media?.(message);
        return;
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.#command(decodeCommand(message));
        return;
      case MESSAGE.windowAckSize:
        if (payload.length >= 4) this.#ackWindow = Math.max(payload.readUInt32BE(0), 1024);
        return;
      case MESSAGE.setPeerBandwidth:
        this.send(windowAckSize(WINDOW_ACK_BYTES)); // RTMP 1.0, 5.4.5
        return;
      case MESSAGE.userControl:
        if (payload.length >= 6 && payload.readUInt16BE(0) === USER_CONTROL.pingRequest)
          this.send(userControl(USER_CONTROL.pingResponse, payload.readUInt32BE(2)));
        return;
      default: // acknowledgements, and what we do not know
    }
  }

  #command(command: RtmpCommand): void {
    const waiting = this.#waiting;
    const verdict = waiting?.judge(command);
    if (waiting !== undefined && verdict === true) waiting.resolve(command);
    else if (waiting !== undefined && verdict === false)
      this.#fail(new RtmpClientError(waiting.code, `${REFUSALS[waiting.code]}${statusCode(command)}.`));
    else if (this.#role !== undefined && command.name === 'onStatus') this.#statusOfRunning(command);
  }

  /** What a server says of a stream that runs: errors, and the end. */
  #statusOfRunning(command: RtmpCommand): void {
    const verdict = judgeStatus(command.args[0], /./);
    const isEnd = /(?:UnpublishNotify|Play\.Stop|Unpublish\.Success)\)$/.test(statusCode(command));
    if (verdict === false && this.#role === 'play')
      this.#fail(new RtmpClientError('play_rejected', `${REFUSALS.play_rejected}${statusCode(command)}.`));
    else if (verdict === false || isEnd)
      this.#fail(new RtmpClientError('closed', `The server ended the stream${statusCode(command)}.`));
  }

  /** The first failure counts; everything after it is its consequence. */
  #fail(error: RtmpClientError): RtmpClientError {
    if (this.#failure !== undefined) return this.#failure;
    const waiting = this.#waiting;
    // Many servers answer a wrong key by hanging up.
    const isRefusal = error.code === 'closed' && waiting?.code === 'publish_rejected';
    this.#failure = isRefusal
      ? new RtmpClientError('publish_rejected', 'The server hung up when asked to publish: the key may be wrong.')
      : error;
    this.socket.destroy();
    if (waiting) waiting.reject(this.#failure);
    else this.#listener?.closed(this.#failure);
    return this.#failure;
  }
}

type RefusalCode = 'handshake_failed' | 'connect_rejected' | 'publish_rejected' | 'play_rejected';

const REFUSALS: Record<RefusalCode, string> = {
  handshake_failed: 'The server does not speak RTMP',
  connect_rejected: 'The server refused the connection',
  publish_rejected: 'The server refused the stream: its key is wrong or in use',
  play_rejected: 'The server does not play this stream',
};

interface Wait {
  code: RefusalCode;
  judge(command: RtmpCommand): boolean | undefined;
  resolve(command: RtmpCommand): void;
  reject(error: RtmpClientError): void;
}

/** What the handshake answers with. */
const NOTHING: RtmpCommand = { name: '', transactionId: 0, object: undefined, args: [], streamId: 0 };

function resultOf(transactionId: number): (command: RtmpCommand) => boolean | undefined {
  return (command) => {
    if (command.transactionId !== transactionId) return undefined;
    if (command.name === '_result') return true;
    return command.name === '_error' ? false : undefined;
  };
}

/** Undefined for what is neither an error nor the wanted code. */
function judgeStatus(info: AmfValue | undefined, wanted: RegExp): boolean | undefined {
  if (info === undefined || !isAmfObject(info)) return undefined;
  const { level, code } = info;
  if (level === 'error') return false;
  return typeof code === 'string' && wanted.test(code) ? true : undefined;
}

/** ` (NetStream.Publish.BadName)`, or nothing. */
function statusCode({ args }: RtmpCommand): string {
  const info = args.find((value) => value !== undefined && isAmfObject(value));
  const code = info !== undefined && isAmfObject(info) ? info['code'] : undefined;
  return typeof code === 'string' && STATUS_CODE.test(code) ? ` (${code})` : '';
}

function setBufferLength(streamId: number): Buffer {
  const payload = Buffer.allocUnsafe(10);
  payload.writeUInt16BE(USER_CONTROL.setBufferLength);
  payload.writeUInt32BE(streamId, 2);
  payload.writeUInt32BE(BUFFER_MS, 6);
  return encodeMessage({
    type: MESSAGE.userControl,
    chunkStreamId: CHUNK_STREAM.control,
    streamId: 0,
    timestampMs: 0,
    payload,
  });
}
