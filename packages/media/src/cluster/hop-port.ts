import net, { type Socket } from 'node:net';
import { MessagePort } from 'node:worker_threads';
import { LengthFramer, writeFrame } from './length-framer.ts';
import type { HopEnd, HopMessage, HopReceipt } from './messages.ts';

/** The receiver says what it took this often, not for every batch. */
const RECEIPT_BYTES = 1024 * 1024;

export interface HopListener {
  message(message: HopMessage): void;
  /** The other side is gone, with or without a word. */
  closed(): void;
}

/** One line between two members that carry media: over a port to another thread, or a socket to the RTC process. */
export interface HopPort {
  send(message: HopMessage): void;
  /** Sent and not yet taken. */
  readonly untakenBytes: number;
  listen(listener: HopListener): void;
  /** What was sent still arrives. */
  close(): void;
}

/** The end that a notice or a reply brought. */
export function openHop(end: HopEnd): HopPort {
  if (end instanceof MessagePort) return new ThreadHop(end);
  const socket = net.connect(end.path);
  writeFrame(socket, Buffer.from(end.ticket));
  return new SocketHop(socket);
}

/** Between threads: bytes are copied by `postMessage`, and the receiver tells what it has taken. */
class ThreadHop implements HopPort {
  #port: MessagePort;
  #listener: HopListener | undefined;
  #untakenBytes = 0;
  #takenBytes = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: HopMessage | HopReceipt) => this.#receive(message));
    port.on('close', () => this.#listener?.closed());
  }

  get untakenBytes(): number {
    return this.#untakenBytes;
  }

  send(message: HopMessage): void {
    if (message.type === 'tags') this.#untakenBytes += message.bytes.length;
    this.#port.postMessage(message);
  }

  listen(listener: HopListener): void {
    this.#listener = listener;
  }

  close(): void {
    this.#port.close();
  }

  #receive(message: HopMessage | HopReceipt): void {
    if ('taken' in message) {
      this.#untakenBytes -= message.taken;
      return;
    }
    if (message.type === 'tags') this.#took(message.bytes.length);
    this.#listener?.message(message);
  }

  #took(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes < RECEIPT_BYTES) return;
    this.#port.postMessage({ taken: this.#takenBytes } satisfies HopReceipt);
    this.#takenBytes = 0;
  }
}

const KIND_TAGS = 0;
const KIND_JSON = 1;
/** A batch of tags; 10 ms of the fastest publisher are far less. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** Between processes: a local stream socket, whose own queue says what is not taken. */
export class SocketHop implements HopPort {
  #socket: Socket;
  #listener: HopListener | undefined;
  #framer = new LengthFramer(MAX_BATCH_BYTES);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => this.#listener?.closed());
  }

  get untakenBytes(): number {
    return this.#socket.writableLength;
  }

  send(message: HopMessage): void {
    if (!this.#socket.writable) return;
    if (message.type === 'tags') writeFrame(this.#socket, message.bytes, KIND_TAGS);
    else writeFrame(this.#socket, Buffer.from(JSON.stringify(message)), KIND_JSON);
  }

  /** Nothing is read before. */
  listen(listener: HopListener): void {
    this.#listener = listener;
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.resume();
    if (this.#socket.destroyed) queueMicrotask(() => listener.closed());
  }

  close(): void {
    this.#socket.end();
  }

  #receive(bytes: Buffer): void {
    for (const frame of this.#framer.push(bytes)) {
      const body = frame.subarray(1);
      if (frame[0] === KIND_TAGS) this.#listener?.message({ type: 'tags', bytes: body });
      else this.#listener?.message(JSON.parse(body.toString()) as HopMessage);
    }
  }
}
