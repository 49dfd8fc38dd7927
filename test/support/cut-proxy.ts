import { once } from 'node:events';
import net from 'node:net';

/** Where a connection leads; undefined: nobody is there, and it is closed. */
export type Destination = () => number | undefined;

interface Pair {
  client: net.Socket;
  server: net.Socket;
}

/**
 * A network between two programs of this machine, which can be cut (what is open is reset, what comes is refused) or turned
 * into a hole (nothing arrives and nobody is told).
 */
export class CutProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: net.Server;
  readonly #pairs = new Set<Pair>();
  #state: 'open' | 'cut' | 'hole' = 'open';

  private constructor(server: net.Server, destination: Destination) {
    this.#server = server;
    this.port = (server.address() as net.AddressInfo).port;
    server.on('connection', (client) => this.#join(client, destination()));
  }

  static async start(destination: Destination): Promise<CutProxy> {
    const server = net.createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CutProxy(server, destination);
  }

  cut(): void {
    this.#state = 'cut';
    this.drop();
  }

  hole(): void {
    this.#state = 'hole';
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** What waited in a hole arrives, as a network does it that was away for a moment. */
  heal(): void {
    this.#state = 'open';
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Every connection that leads to this port, or all of them, are reset. */
  drop(port?: number): void {
    for (const { client, server } of this.#pairs)
      if (port === undefined || server.remotePort === port) {
        client.resetAndDestroy();
        server.resetAndDestroy();
      }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: net.Socket, port: number | undefined): void {
    client.on('error', () => undefined);
    if (this.#state === 'cut' || port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = net.connect(port, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    server.on('error', () => undefined);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (bytes) => {
        if (to.write(bytes)) return;
        from.pause();
        to.once('drain', () => this.#state === 'open' && from.resume());
      });
      from.on('end', () => to.end());
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
    if (this.#state === 'hole') {
      client.pause();
      server.pause();
    } else client.resume();
  }
}
