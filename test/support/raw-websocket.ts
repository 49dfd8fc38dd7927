import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { until } from './until.ts';

export interface WebSocketOptions {
  port: number;
  /** With its query. */
  path: string;
  tls?: boolean;
  protocols?: readonly string[];
  headers?: { [name: string]: string };
}

export interface WebSocketMessage {
  opcode: 'text' | 'binary';
  payload: Buffer;
}

/** RFC 6455 section 5.2. */
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A WebSocket client over a plain socket, so that a test can send frames no library would. Answers pings unless told not to. */
export class RawWebSocket {
  readonly socket: net.Socket;
  readonly messages: WebSocketMessage[] = [];
  onMessage: ((message: WebSocketMessage) => void) | undefined;
  /** What the server chose of `protocols`. */
  protocol = '';
  answersPings = true;
  pings = 0;
  /** The server's close frame. */
  closeFrame: { code: number; reason: string } | undefined;
  isClosed = false;
  private pending: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];
  private opcode: WebSocketMessage['opcode'] = 'binary';

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => (this.isClosed = true));
  }

  /** Rejects with status and body when the server does not answer 101. */
  static async open({
    port,
    path,
    tls: isTls = false,
    protocols = [],
    headers = {},
  }: WebSocketOptions): Promise<RawWebSocket> {
    const target = { host: '127.0.0.1', port };
    const socket = isTls ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    const client = new RawWebSocket(socket);
    const key = randomBytes(16).toString('base64');
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Version: 13',
      ...(protocols.length > 0 ? [`Sec-WebSocket-Protocol: ${protocols.join(', ')}`] : []),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await client.handshake(key);
    return client;
  }

  send(opcode: keyof typeof OPCODE, payload: Buffer, { isFinal = true, isMasked = true } = {}): void {
    const { length } = payload;
    const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    head.writeUInt8((isFinal ? 0x80 : 0) | OPCODE[opcode], 0);
    head.writeUInt8((isMasked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
    if (head.length === 4) head.writeUInt16BE(length, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    if (!isMasked) {
      this.socket.write(Buffer.concat([head, payload]));
      return;
    }
    const mask = randomBytes(4);
    const body = Buffer.from(payload);
    for (let i = 0; i < length; i++) body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0);
    this.socket.write(Buffer.concat([head, mask, body]));
  }

  sendBinary(payload: Buffer): void {
    this.send('binary', payload);
  }

  /** A close frame with a code, as a good client ends. */
  close(code = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.send('close', payload);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits until the server has ended it; its close frame, if there was one. */
  async closed(timeoutMs = 10_000): Promise<{ code: number; reason: string } | undefined> {
    await until(() => this.isClosed || this.closeFrame !== undefined, { timeoutMs, what: 'the end of the WebSocket' });
    return this.closeFrame;
  }

  private async handshake(key: string): Promise<void> {
    let head = Buffer.alloc(0);
    let done: (() => void) | undefined;
    const isAnswered = new Promise<void>((resolve) => (done = resolve));
    const gather = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      if (head.includes('\r\n\r\n')) done?.();
    };
    this.socket.on('data', gather);
    this.socket.once('close', () => done?.());
    await isAnswered;
    const end = head.indexOf('\r\n\r\n') + 4;
    const text = head.toString('latin1', 0, Math.max(0, end));
    if (!text.startsWith('HTTP/1.1 101')) {
      // An error's body may come in a second piece.
      await until(() => this.isClosed || head.length > end, { timeoutMs: 1000 }).catch(() => {});
      this.socket.destroy();
      throw new Error(`no WebSocket: ${head.toString()}`);
    }
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    if (!text.includes(accept)) throw new Error(`wrong Sec-WebSocket-Accept:\n${text}`);
    this.protocol = /sec-websocket-protocol:\s*(\S+)/i.exec(text)?.[1] ?? '';
    this.socket.off('data', gather);
    this.socket.on('data', (bytes: Buffer) => this.take(bytes));
    if (head.length > end) this.take(head.subarray(end));
  }

  private take(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    for (;;) {
      if (this.pending.length < 2) return;
      const [first = 0, second = 0] = this.pending;
      const short = second & 127;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.pending.length < head) return;
      const length =
        short === 126 ? this.pending.readUInt16BE(2) : short === 127 ? Number(this.pending.readBigUInt64BE(2)) : short;
      if (this.pending.length < head + length) return;
      const payload = Buffer.from(this.pending.subarray(head, head + length));
      this.pending = this.pending.subarray(head + length);
      this.frame(first & 15, (first & 0x80) !== 0, payload);
    }
  }

  private frame(opcode: number, isFinal: boolean, payload: Buffer): void {
    if (opcode === OPCODE.ping) {
      this.pings += 1;
      if (this.answersPings) this.send('pong', payload);
    } else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.closeFrame = { code, reason: payload.toString('utf8', 2) };
    } else if (opcode <= OPCODE.binary) {
      if (opcode !== OPCODE.continuation) this.opcode = opcode === OPCODE.text ? 'text' : 'binary';
      this.parts.push(payload);
      if (!isFinal) return;
      const message = { opcode: this.opcode, payload: Buffer.concat(this.parts) };
      this.parts = [];
      if (this.onMessage) this.onMessage(message);
      else this.messages.push(message);
    }
  }
}
