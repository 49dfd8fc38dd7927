import net from 'node:net';
import { SocketHop } from '../../cluster/hop-port.ts';
/** A worker that was told of a hop connects at once, or never. */
const TICKET_MS = 10_000;
const MAX_TICKET_BYTES = 128;
/** Where workers connect to for media: each connection says first which hop it is. */
export class HopServer {
  #server;
  #expected = new Map();
  #early = new Map();
  constructor() {
    this.#server = net.createServer((socket) => this.#greet(socket));
  }
  listen(path) {
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#server.once('error', reject);
    this.#server.listen(path, resolve);
    return promise;
  }
  /** The hop of a ticket; undefined when nobody came with it in time. */
  take(ticket) {
    const early = this.#early.get(ticket);
    if (early) {
      clearTimeout(early.timer);
      this.#early.delete(ticket);
      return Promise.resolve(early.port);
    }
    const { promise, resolve } = Promise.withResolvers();
    const timer = setTimeout(() => {
      this.#expected.delete(ticket);
      resolve(undefined);
    }, TICKET_MS);
    this.#expected.set(ticket, { resolve, timer });
    return promise;
  }
  close() {
    this.#server.close();
    for (const { timer } of [...this.#expected.values(), ...this.#early.values()]) clearTimeout(timer);
  }
  /** The first frame is the ticket; what follows in the same bytes belongs to the hop. */
  #greet(socket) {
    socket.on('error', () => undefined); // 'close' follows
    const patience = setTimeout(() => socket.destroy(), TICKET_MS);
    socket.once('close', () => clearTimeout(patience));
    socket.once('data', (bytes) => {
      clearTimeout(patience);
      const [ticket, ...rest] = ticketIn(bytes);
      if (ticket === undefined) {
        socket.destroy();
        return;
      }
      socket.pause();
      if (rest[0] && rest[0].length > 0) socket.unshift(rest[0]);
      this.#arrived(ticket.toString(), new SocketHop(socket));
    });
  }
  #arrived(ticket, port) {
    const expected = this.#expected.get(ticket);
    if (expected) {
      clearTimeout(expected.timer);
      this.#expected.delete(ticket);
      expected.resolve(port);
      return;
    }
    const timer = setTimeout(() => {
      this.#early.delete(ticket);
      port.close();
    }, TICKET_MS);
    this.#early.set(ticket, { port, timer });
  }
}
/** The ticket and what comes after it; nothing when its frame is not whole, which so few bytes never are not. */
function ticketIn(bytes) {
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : Number.POSITIVE_INFINITY;
  if (length > MAX_TICKET_BYTES || bytes.length < 4 + length) return [];
  return [bytes.subarray(4, 4 + length), bytes.subarray(4 + length)];
}
