import {
  createClient,
  createCluster,
  type RedisClientOptions,
  type RedisClientType,
  type RedisClusterType,
} from 'redis';

const CONNECT_MS = 2000;
const PING_MS = 2000;
/** A socket that is silent this long, although it is pinged, is given up and opened anew. */
const SILENT_MS = 6000;
const MAX_RETRY_MS = 2000;
/** Commands waiting in one client; what comes beyond them is refused as if Redis were away. */
const MAX_QUEUE = 200_000;

export type RedisClient = RedisClientType | RedisClusterType;

export interface ConnectionEvents {
  /** Something on a connection went wrong, or a pub/sub connection came back: what it carried may have gaps. */
  onTrouble(error: unknown): void;
  onReturn(): void;
}

/** What the state center needs of node-redis, the same for one server and for a cluster. */
export interface Connection {
  readonly client: RedisClient;
  /** Again after it failed, opens what is not open yet. */
  connect(): Promise<void>;
  /** `key` says which server of a cluster it is for. Rejects at once while there is no connection. */
  send(key: string, args: string[]): Promise<unknown>;
  /** Resolves when every server that takes writes has answered. */
  ping(): Promise<void>;
  subscribe(wire: string, listener: WireListener): Promise<void>;
  unsubscribe(wire: string, listener: WireListener): Promise<void>;
  destroy(): void;
}

/** The same function for every channel, so that subscribing twice is subscribing once. */
export type WireListener = (message: string, wire: string) => void;

/** A list of URLs is a cluster. */
export function createConnection(url: string | readonly string[], events: ConnectionEvents): Connection {
  return typeof url === 'string' ? new SingleConnection(url, events) : new ClusterConnection(url, events);
}

const SOCKET = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENT_MS,
  reconnectStrategy: (retries: number) => Math.min(2 ** retries * 50, MAX_RETRY_MS) * (0.5 + Math.random() / 2),
};

const CLIENT = { disableOfflineQueue: true, commandsQueueMaxLength: MAX_QUEUE, pingInterval: PING_MS } as const;

class SingleConnection implements Connection {
  readonly client: RedisClientType;
  readonly #subscriber: RedisClientType;

  constructor(url: string, events: ConnectionEvents) {
    // The parser of the URL writes into the socket options it is given, so that each client has its own.
    this.client = createClient({ ...CLIENT, url, socket: { ...SOCKET } }) as RedisClientType;
    this.#subscriber = createClient({ ...CLIENT, url, socket: { ...SOCKET } }) as RedisClientType;
    for (const client of [this.client, this.#subscriber]) client.on('error', (error) => events.onTrouble(error));
    this.#subscriber.on('ready', () => events.onReturn());
  }

  async connect(): Promise<void> {
    const closed = [this.client, this.#subscriber].filter(({ isOpen }) => !isOpen);
    await Promise.all(closed.map((client) => client.connect()));
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return this.client.sendCommand(args);
  }

  async ping(): Promise<void> {
    await Promise.all([this.client.ping(), this.#subscriber.ping()]);
  }

  subscribe(wire: string, listener: WireListener): Promise<void> {
    return this.#subscriber.sSubscribe(wire, listener);
  }

  unsubscribe(wire: string, listener: WireListener): Promise<void> {
    return this.#subscriber.sUnsubscribe(wire, listener);
  }

  destroy(): void {
    this.client.destroy();
    this.#subscriber.destroy();
  }
}

class ClusterConnection implements Connection {
  readonly client: RedisClusterType;

  constructor(urls: readonly string[], events: ConnectionEvents) {
    const [first = ''] = urls;
    const { username, password, protocol } = new URL(first);
    // The root nodes only tell of the others, which are reached with what stands in the defaults.
    const socket: RedisClientOptions['socket'] = protocol === 'rediss:' ? { ...SOCKET, tls: true } : { ...SOCKET };
    this.client = createCluster({
      rootNodes: urls.map((url) => ({ url, socket: { ...SOCKET, reconnectStrategy: false } })),
      defaults: {
        ...CLIENT,
        socket,
        ...(username === '' ? {} : { username: decodeURIComponent(username) }),
        ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      },
      topologyRefreshOnReconnectionAttemptStrategy: 1000,
    }) as RedisClusterType;
    for (const event of ['error', 'node-error', 'sharded-channel-moved-error'])
      this.client.on(event, (error) => events.onTrouble(error));
    this.client.on('node-ready', () => events.onReturn());
  }

  async connect(): Promise<void> {
    if (!this.client.isOpen) await this.client.connect();
  }

  send(key: string, args: string[]): Promise<unknown> {
    return this.client.sendCommand(key, false, args);
  }

  async ping(): Promise<void> {
    await Promise.all(this.client.masters.map(async (node) => (await this.client.nodeClient(node)).ping()));
  }

  subscribe(wire: string, listener: WireListener): Promise<void> {
    return this.client.sSubscribe(wire, listener);
  }

  async unsubscribe(wire: string, listener: WireListener): Promise<void> {
    await this.client.sUnsubscribe(wire, listener);
  }

  destroy(): void {
    this.client.destroy();
  }
}
