// The clients of the realtime bench, in a process of their own: raw sockets that count frames and look into few of them.
import { once } from 'node:events';
import net from 'node:net';
import { monotonicMs } from './clock.ts';
import { CHANNEL, type RealtimeKind } from './realtime-server.ts';
import { quantile } from './statistics.ts';

export interface LoadOptions {
  kind: RealtimeKind;
  port: number;
  clients: number;
}
/** What the bench asks for, and what it is answered. */
export type LoadOrder = { type: 'reset' } | { type: 'read' } | { type: 'storm' };
export type LoadReport =
  | { type: 'ready' }
  | { type: 'numbers'; messages: number; latencyP50Ms: number; latencyP99Ms: number; open: number }
  | { type: 'resumed'; ms: number; snapshots: number };

/** One in so many clients measures latency; all of them count. */
const SAMPLED = 20;
/** Connections that are opened at the same time. */
const OPENING = 100;
const STAMP_DIGITS = 15;
const AT = '@'.charCodeAt(0);

const latencies: number[] = [];
let messages = 0;
let snapshots = 0;

/** A masked text frame (RFC 6455, section 5.2) under the mask 0, which leaves the text as it is. */
function masked(text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length >= 126) throw new Error('the bench’s clients say short things only');
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

class Client {
  socket: net.Socket;
  readonly #isSampled: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #onText: ((text: string) => void) | undefined;

  constructor(port: number, isSampled: boolean) {
    this.#isSampled = isSampled;
    this.socket = net.connect(port, '127.0.0.1').setNoDelay();
    this.socket.on('error', () => {});
  }

  async open(path: string): Promise<void> {
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    let head: Buffer = Buffer.alloc(0);
    while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, ...((await once(this.socket, 'data')) as [Buffer])]);
    if (!head.includes(' 101 ')) throw new Error(`the upgrade was answered ${head.toString('latin1', 0, 60)}`);
    this.socket.on('data', (chunk) => this.#read(chunk));
    this.#read(head.subarray(head.indexOf('\r\n\r\n') + 4));
  }

  say(text: string): void {
    this.socket.write(masked(text));
  }

  /** The next text that fits. */
  async hear(fits: (text: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      this.#onText = (text) => {
        if (!fits(text)) return;
        this.#onText = undefined;
        resolve(text);
      };
    });
  }

  #read(chunk: Buffer): void {
    let bytes: Buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 2) {
      const short = (bytes[1] ?? 0) & 0x7f;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < headBytes) break;
      const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < headBytes + size) break;
      this.#frame(bytes.subarray(headBytes, headBytes + size));
      bytes = bytes.subarray(headBytes + size);
    }
    this.#rest = bytes;
  }

  #frame(body: Buffer): void {
    if (this.#onText !== undefined) {
      this.#onText(body.toString());
      return;
    }
    messages++;
    if (!this.#isSampled) return;
    const at = body.indexOf(AT);
    const sentUs = Number(body.toString('latin1', at + 1, at + 1 + STAMP_DIGITS));
    if (at >= 0) latencies.push(monotonicMs() - sentUs / 1000);
  }
}

/** Connects and subscribes; resolves when the first answer is there. */
async function join(client: Client, kind: RealtimeKind, since?: object): Promise<void> {
  if (kind === 'ws') return client.open('/');
  if (kind === 'socket.io') {
    await client.open('/socket.io/?EIO=4&transport=websocket');
    const joined = client.hear((text) => text.startsWith('40'));
    client.say('40');
    await joined;
    return undefined;
  }
  await client.open('/ws');
  const answer = client.hear((text) => text.includes('"snapshot"'));
  client.say(JSON.stringify({ type: 'subscribe', channel: CHANNEL, since }));
  const text = await answer;
  if (!text.includes('"recovered":true')) snapshots++;
  place = JSON.parse(text) as { epoch: string; offset: number };
  return undefined;
}

let place: { epoch: string; offset: number } | undefined;
let clients: Client[] = [];

async function all(options: LoadOptions, since?: object): Promise<void> {
  clients = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < options.clients) {
      const client = new Client(options.port, next++ % SAMPLED === 0);
      clients.push(client);
      await join(client, options.kind, since);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, work));
}

async function obey(options: LoadOptions, order: LoadOrder): Promise<LoadReport> {
  switch (order.type) {
    case 'reset':
      messages = 0;
      latencies.length = 0;
      return { type: 'ready' };
    case 'read':
      return {
        type: 'numbers',
        messages,
        latencyP50Ms: quantile(latencies, 0.5),
        latencyP99Ms: quantile(latencies, 0.99),
        open: clients.filter(({ socket }) => !socket.destroyed).length,
      };
    case 'storm': {
      for (const { socket } of clients) socket.destroy();
      snapshots = 0;
      const startedMs = performance.now();
      await all(options, place && { epoch: place.epoch, offset: place.offset });
      return { type: 'resumed', ms: performance.now() - startedMs, snapshots };
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
  process.on('message', (order: LoadOrder) => {
    void obey(options, order).then((report) => process.send?.(report));
  });
  process.on('disconnect', () => process.exit());
  await all(options);
  process.send?.({ type: 'ready' } satisfies LoadReport);
}
