import net from 'node:net';
import { MessagePort } from 'node:worker_threads';
import { LengthFramer, writeFrame } from './length-framer.ts';
/** The receiver says what it took this often, not for every batch. */
const RECEIPT_BYTES = 1024 * 1024;
/** The end that a notice or a reply brought. */
export function openHop(end) {
  if (end instanceof MessagePort) return new ThreadHop(end);
  const socket = net.connect(end.path);
  writeFrame(socket, Buffer.from(end.ticket));
  return new SocketHop(socket);
}
/** Between threads: bytes are copied by `postMessage`, and the receiver tells what it has taken. */
class ThreadHop {
  #port;
  #listener;
  #untakenBytes = 0;
  #takenBytes = 0;
  constructor(port) {
    this.#port = port;
    port.on('message', (message) => this.#receive(message));
    port.on('close', () => this.#listener?.closed());
  }
  get untakenBytes() {
    return this.#untakenBytes;
  }
  send(message) {
    if (message.type === 'tags') this.#untakenBytes += message.bytes.length;
    this.#port.postMessage(message);
  }
  listen(listener) {
    this.#listener = listener;
  }
  close() {
    this.#port.close();
  }
  #receive(message) {
    if ('taken' in message) {
      this.#untakenBytes -= message.taken;
      return;
    }
    if (message.type === 'tags') this.#took(message.bytes.length);
    this.#listener?.message(message);
  }
  #took(bytes) {
    this.#takenBytes += bytes;
    if (this.#takenBytes < RECEIPT_BYTES) return;
    this.#port.postMessage({ taken: this.#takenBytes });
    this.#takenBytes = 0;
  }
}
const KIND_TAGS = 0;
const KIND_JSON = 1;
/** A batch of tags; 10 ms of the fastest publisher are far less. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;
/** Between processes: a local stream socket, whose own queue says what is not taken. */
export class SocketHop {
  #socket;
  #listener;
  #framer = new LengthFramer(MAX_BATCH_BYTES);
  constructor(socket) {
    this.#socket = socket;
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => this.#listener?.closed());
  }
  get untakenBytes() {
    return this.#socket.writableLength;
  }
  send(message) {
    if (!this.#socket.writable) return;
    if (message.type === 'tags') writeFrame(this.#socket, message.bytes, KIND_TAGS);
    else writeFrame(this.#socket, Buffer.from(JSON.stringify(message)), KIND_JSON);
  }
  /** Nothing is read before. */
  listen(listener) {
    this.#listener = listener;
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.resume();
    if (this.#socket.destroyed) queueMicrotask(() => listener.closed());
  }
  close() {
    this.#socket.end();
  }
  #receive(bytes) {
    for (const frame of this.#framer.push(bytes)) {
      const body = frame.subarray(1);
      if (frame[0] === KIND_TAGS) this.#listener?.message({ type: 'tags', bytes: body });
      else this.#listener?.message(JSON.parse(body.toString()));
    }
  }
}
