import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import {
  type AmfValue,
  ChunkReader,
  decodeAmf0,
  encodeAmf0,
  encodeMessage,
  MessageType,
  type RtmpMessage,
} from './rtmp-wire.ts';

const HANDSHAKE_SIZE = 1536;
const DEFAULT_TIMEOUT_MS = 10_000;

export interface RtmpClientOptions {
  port: number;
  host?: string;
  /** From which of this machine's addresses. */
  localAddress?: string;
  /** RTMPS, without checking the certificate. */
  tls?: boolean;
  /** For every wait of this client. */
  timeoutMs?: number;
  /** Answer pings and windows as a good client does; false for a test that wants to be rude. */
  polite?: boolean;
}

export interface RtmpCommand {
  name: string;
  transactionId: number;
  /** The command object and what follows it. */
  args: AmfValue[];
  message: RtmpMessage;
}

export interface MediaMessage {
  type: 'audio' | 'video' | 'data';
  timestamp: number;
  payload: Buffer;
}

const MEDIA_TYPES = {
  audio: { type: MessageType.audio, chunkStreamId: 4 },
  video: { type: MessageType.video, chunkStreamId: 6 },
  data: { type: MessageType.dataAmf0, chunkStreamId: 5 },
} as const;

/**
 * A small RTMP client for tests and the bench: the usual steps as methods, and below them `write` for any bytes at
 * all and `read` for what the server answers.
 */
export class RtmpClient {
  readonly socket: net.Socket;
  /** Everything received that no `read` has taken yet. */
  readonly inbox: RtmpMessage[] = [];
  outChunkSize = 128;
  /** Resolves when the connection is gone, by whichever side. */
  readonly closed: Promise<void>;
  private readonly options: Required<Omit<RtmpClientOptions, 'tls' | 'localAddress'>>;
  private readonly reader = new ChunkReader();
  private handshakeBytes: Buffer[] | undefined = [];
  private handshakeAnswer = (s1: Buffer, _s2: Buffer): Buffer => s1;
  private isClosed = false;
  private transactionId = 0;
  private receivedBytes = 0;
  private acknowledgedBytes = 0;
  private ackWindow = 0;
  private readonly waiters = new Set<() => void>();

  private constructor(socket: net.Socket, options: RtmpClientOptions) {
    this.socket = socket;
    this.options = { host: '127.0.0.1', timeoutMs: DEFAULT_TIMEOUT_MS, polite: true, ...options };
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.onData(bytes));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.wake();
        resolve();
      });
    });
  }

  /** A connection without handshake yet. */
  static async open(options: RtmpClientOptions): Promise<RtmpClient> {
    const { port, host = '127.0.0.1', localAddress } = options;
    const target = { port, host, localAddress };
    const socket = options.tls ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    await new Promise<void>((resolve, reject) => {
      socket.once(options.tls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new RtmpClient(socket, options);
  }

  /** Open, handshake and `connect` to an application. */
  static async connect(options: RtmpClientOptions & { app?: string }): Promise<RtmpClient> {
    const client = await RtmpClient.open(options);
    await client.handshake();
    await client.connectApp(options.app ?? 'live');
    return client;
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The simple handshake, in which C2 is S1 sent back; `c1` and `answer` of 1536 bytes make it another. */
  async handshake(
    c1: Buffer = Buffer.concat([Buffer.alloc(8), randomBytes(HANDSHAKE_SIZE - 8)]),
    answer: (s1: Buffer, s2: Buffer) => Buffer = (s1) => s1,
  ): Promise<void> {
    this.handshakeAnswer = answer;
    this.write(Buffer.concat([Buffer.from([3]), c1]));
    await this.until(() => this.handshakeBytes === undefined, 'the handshake');
  }

  send(message: Partial<RtmpMessage> & Pick<RtmpMessage, 'type' | 'payload'>): void {
    this.write(encodeMessage({ timestamp: 0, streamId: 0, chunkStreamId: 3, ...message }, this.outChunkSize));
  }

  setChunkSize(size: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(size);
    this.send({ type: MessageType.setChunkSize, payload, chunkStreamId: 2 });
    this.outChunkSize = size;
  }

  /** Sends a command and returns its transaction id. */
  command(name: string, args: AmfValue[], streamId = 0): number {
    this.transactionId += 1;
    this.send({
      type: MessageType.commandAmf0,
      payload: encodeAmf0(name, this.transactionId, ...args),
      streamId,
      chunkStreamId: streamId === 0 ? 3 : 8,
    });
    return this.transactionId;
  }

  /** Takes the first message, received or to come, that fits. Rejects when the peer closes or time runs out. */
  async read(fits: (message: RtmpMessage) => boolean = () => true, what = 'a message'): Promise<RtmpMessage> {
    let found = -1;
    await this.until(() => (found = this.inbox.findIndex(fits)) >= 0, what);
    const [message] = this.inbox.splice(found, 1);
    if (!message) throw new Error('inbox changed while reading');
    return message;
  }

  async readCommand(fits: (command: RtmpCommand) => boolean, what = 'a command'): Promise<RtmpCommand> {
    const message = await this.read((candidate) => {
      const command = toCommand(candidate);
      return command !== undefined && fits(command);
    }, what);
    const command = toCommand(message);
    if (!command) throw new Error('not a command');
    return command;
  }

  /** The answer to a transaction. Rejects when it is `_error`. */
  async result(transactionId: number): Promise<RtmpCommand> {
    const answer = await this.readCommand(
      (command) => command.transactionId === transactionId && /^_(result|error)$/.test(command.name),
      `the answer to transaction ${transactionId}`,
    );
    if (answer.name === '_error') throw new Error(`refused: ${JSON.stringify(answer.args)}`);
    return answer;
  }

  /** The next `onStatus`: its info object, with `code`, `level` and `description`. */
  async status(): Promise<{ [key: string]: AmfValue }> {
    const { args } = await this.readCommand((command) => command.name === 'onStatus', 'onStatus');
    const info = args[1];
    if (!info || typeof info !== 'object' || Array.isArray(info)) throw new Error('onStatus without info object');
    return info;
  }

  async connectApp(app: string, extra: { [key: string]: AmfValue } = {}): Promise<RtmpCommand> {
    const tcUrl = `rtmp://${this.options.host}:${this.options.port}/${app}`;
    return this.result(
      this.command('connect', [
        { app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; kaibo-test)', tcUrl, ...extra },
      ]),
    );
  }

  async createStream(): Promise<number> {
    const { args } = await this.result(this.command('createStream', [null]));
    return Number(args[1]);
  }

  /** `releaseStream`, `FCPublish`, `createStream` and `publish`, as FFmpeg and OBS send them. */
  async publish(name: string): Promise<{ streamId: number; status: { [key: string]: AmfValue } }> {
    this.command('releaseStream', [null, name]);
    this.command('FCPublish', [null, name]);
    const streamId = await this.createStream();
    this.command('publish', [null, name, 'live'], streamId);
    return { streamId, status: await this.status() };
  }

  /** Ends with the first status of `play`: `NetStream.Play.Reset`, `…Start` or a refusal. */
  async play(name: string): Promise<{ streamId: number; status: { [key: string]: AmfValue } }> {
    const streamId = await this.createStream();
    this.command('play', [null, name, -2000], streamId);
    return { streamId, status: await this.status() };
  }

  sendMedia(streamId: number, media: MediaMessage): void {
    const { timestamp, payload } = media;
    this.send({ ...MEDIA_TYPES[media.type], timestamp, payload, streamId });
  }

  /** The next audio, video or data message. */
  async readMedia(): Promise<RtmpMessage> {
    const types: number[] = [MessageType.audio, MessageType.video, MessageType.dataAmf0];
    return this.read((message) => types.includes(message.type), 'media');
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(bytes: Buffer): void {
    let rest = bytes;
    this.receivedBytes += bytes.length;
    if (this.handshakeBytes) {
      this.handshakeBytes.push(bytes);
      const all = Buffer.concat(this.handshakeBytes);
      this.handshakeBytes = [all];
      if (all.length < 1 + 2 * HANDSHAKE_SIZE) return;
      const s2At = 1 + HANDSHAKE_SIZE;
      this.write(this.handshakeAnswer(all.subarray(1, s2At), all.subarray(s2At, s2At + HANDSHAKE_SIZE)));
      this.handshakeBytes = undefined;
      rest = all.subarray(1 + 2 * HANDSHAKE_SIZE);
    }
    for (const message of this.reader.push(rest)) {
      if (this.options.polite) this.beGood(message);
      this.inbox.push(message);
    }
    if (this.options.polite && this.ackWindow > 0 && this.receivedBytes - this.acknowledgedBytes >= this.ackWindow) {
      this.acknowledgedBytes = this.receivedBytes;
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(this.receivedBytes % 2 ** 32);
      this.send({ type: MessageType.acknowledgement, payload, chunkStreamId: 2 });
    }
    this.wake();
  }

  private beGood({ type, payload }: RtmpMessage): void {
    if (type === MessageType.windowAckSize) this.ackWindow = payload.readUInt32BE(0);
    if (type === MessageType.userControl && payload.readUInt16BE(0) === 6) {
      this.send({ type, payload: Buffer.concat([Buffer.from([0, 7]), payload.subarray(2)]), chunkStreamId: 2 });
    }
  }

  private async until(isDone: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + this.options.timeoutMs;
    while (!isDone()) {
      if (this.isClosed) throw new Error(`connection closed while waiting for ${what}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`${what} did not come within ${this.options.timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.waiters.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }
}

function toCommand(message: RtmpMessage): RtmpCommand | undefined {
  if (message.type !== MessageType.commandAmf0 && message.type !== MessageType.commandAmf3) return undefined;
  const [name, transactionId, ...args] = decodeAmf0(
    message.payload.subarray(message.type === MessageType.commandAmf3 ? 1 : 0),
  );
  if (typeof name !== 'string') return undefined;
  return { name, transactionId: Number(transactionId), args, message };
}
