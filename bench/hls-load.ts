// The LL-HLS viewers of a bench, in a process of their own. Each does what hls.js does: a blocking reload for each part,
// then that part, over one kept connection. Started by hls.ts with `HlsLoadOptions` as JSON; told 'reset' and 'read'.
import net from 'node:net';
import { parsePlaylistText, type PlaylistText } from '../packages/formats/src/testing/hls-text.ts';
import { quantile } from './statistics.ts';

export interface HlsLoadOptions {
  port: number;
  /** Of the multivariant playlist. */
  path: string;
  clients: number;
  /** Within this they all have come. */
  rampMs: number;
}

export type HlsLoadReport =
  | { type: 'joined'; joinMs: number[]; failed: number }
  | {
      type: 'numbers';
      live: number;
      parts: number;
      missed: number;
      bytes: number;
      /** From the end of a part in the publisher's time, as its date says, to a client's having it. */
      delayP50Ms: number;
      delayP99Ms: number;
      /** From the first client's having a part to each other's. */
      spreadP50Ms: number;
      spreadP99Ms: number;
      errors: number;
    };

/** Keep-alive HTTP/1.1 GET, as little of it as the server's answers need. */
class Connection {
  #socket: net.Socket;
  #port: number;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket = net.connect(port, '127.0.0.1').setNoDelay();
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  get(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const body = this.#received.subarray(headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    const location = /^location: *(\S+)/im.exec(head)?.[1];
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), location, body });
  }
}

interface Answer {
  status: number;
  location?: string;
  body: Buffer;
}

interface Seen {
  parts: number;
  missed: number;
  bytes: number;
  errors: number;
  delaysMs: number[];
  spreadsMs: number[];
}

const fresh = (): Seen => ({ parts: 0, missed: 0, bytes: 0, errors: 0, delaysMs: [], spreadsMs: [] });
let seen = fresh();
/** When the first client had a part; the last few hundred of them. */
const firstAtMs = new Map<string, number>();
const REMEMBERED_PARTS = 200;

class Client {
  parts = 0;
  #connection: Connection;
  #base: string;
  #media = '';
  #lastUri = '';

  constructor(port: number, path: string) {
    this.#connection = new Connection(port);
    this.#base = path;
  }

  /** Resolves to the time from the first request to the first part. */
  async join(): Promise<number> {
    const startedAtMs = performance.now();
    const master = await this.#get(this.#base);
    const variant = master
      .toString()
      .split('\n')
      .find((line) => line !== '' && !line.startsWith('#'));
    if (variant === undefined) throw new Error('the multivariant playlist names no playlist');
    this.#media = resolvePath(this.#base, variant);
    const playlist = parse((await this.#get(this.#media)).toString());
    const last = playlist.openParts.at(-1) ?? playlist.segments.at(-1);
    if (last === undefined) throw new Error('the playlist is empty');
    await this.#get(resolvePath(this.#media, last.uri));
    return performance.now() - startedAtMs;
  }

  async run(): Promise<never> {
    let [msn, part] = position((await this.#get(this.#media)).toString());
    for (;;) {
      const separator = this.#media.includes('?') ? '&' : '?';
      const text = (await this.#get(`${this.#media}${separator}_HLS_msn=${msn}&_HLS_part=${part}`)).toString();
      await this.#newest(text);
      [msn, part] = position(text);
    }
  }

  async #newest(text: string): Promise<void> {
    const playlist = parse(text);
    const all = [...playlist.segments.flatMap(({ parts }) => parts), ...playlist.openParts];
    const from = all.findIndex(({ uri }) => uri === this.#lastUri) + 1;
    const news = this.#lastUri === '' ? all.slice(-1) : all.slice(from);
    const endMs = endOf(text);
    for (const [index, { uri }] of news.entries()) {
      const body = await this.#get(resolvePath(this.#media, uri));
      const nowMs = Date.now();
      this.parts++;
      seen.parts++;
      seen.bytes += body.length;
      if (index < news.length - 1) {
        seen.missed++;
        continue;
      }
      if (endMs !== undefined) seen.delaysMs.push(nowMs - endMs);
      const first = firstAtMs.get(uri) ?? nowMs;
      if (first === nowMs) remember(uri, nowMs);
      seen.spreadsMs.push(nowMs - first);
    }
    this.#lastUri = all.at(-1)?.uri ?? this.#lastUri;
  }

  async #get(path: string): Promise<Buffer> {
    const { status, location, body } = await this.#connection.get(path);
    if (status === 302 && location !== undefined) {
      this.#media = resolvePath(path, location);
      return this.#get(this.#media);
    }
    if (status === 200) return body;
    seen.errors++;
    throw new Error(`${path.split('?')[0]} answered ${status}`);
  }
}

/** All clients get the same text. */
const parsed = new Map<string, PlaylistText>();
const REMEMBERED_TEXTS = 16;

function parse(text: string): PlaylistText {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const playlist = parsePlaylistText(text);
  parsed.set(text, playlist);
  const [oldest] = parsed.keys();
  if (parsed.size > REMEMBERED_TEXTS && oldest !== undefined) parsed.delete(oldest);
  return playlist;
}

function remember(uri: string, atMs: number): void {
  firstAtMs.set(uri, atMs);
  const [oldest] = firstAtMs.keys();
  if (firstAtMs.size > REMEMBERED_PARTS && oldest !== undefined) firstAtMs.delete(oldest);
}

/** The part that a client asks for next: media sequence number and part index. */
function position(text: string): [number, number] {
  const { tags, segments, openParts } = parse(text);
  const first = Number(tags.get('EXT-X-MEDIA-SEQUENCE')?.[0] ?? 0);
  return [first + segments.length, openParts.length];
}

/** Wall clock of the end of the newest part. */
function endOf(text: string): number | undefined {
  const { segments, openParts, openTags } = parse(text);
  let ms: number | undefined;
  for (const { tags, durationS } of segments) {
    const date = tags.get('EXT-X-PROGRAM-DATE-TIME')?.[0];
    if (date !== undefined) ms = Date.parse(date);
    if (ms !== undefined) ms += durationS * 1000;
  }
  const date = openTags.get('EXT-X-PROGRAM-DATE-TIME')?.[0];
  if (date !== undefined) ms = Date.parse(date);
  for (const { durationS } of openParts) if (ms !== undefined) ms += durationS * 1000;
  return ms;
}

function resolvePath(base: string, uri: string): string {
  const { pathname, search } = new URL(uri, `http://127.0.0.1${base}`);
  return pathname + search;
}

const report = (message: HlsLoadReport): void => void process.send?.(message);
const options: HlsLoadOptions = JSON.parse(process.argv[2] ?? '{}');
const clients = Array.from({ length: options.clients }, () => new Client(options.port, options.path));
const joins = await Promise.allSettled(
  clients.map(async (client, index) => {
    await new Promise((resolve) => setTimeout(resolve, (index * options.rampMs) / options.clients));
    const tookMs = await client.join();
    client.run().catch((error: unknown) => console.error(`bench: a client gave up: ${String(error)}`));
    return tookMs;
  }),
);
const joinMs = joins.flatMap((join) => (join.status === 'fulfilled' ? [join.value] : []));
const [firstFailure] = joins.flatMap((join) => (join.status === 'rejected' ? [join.reason] : []));
if (firstFailure) console.error(`bench: a client did not come: ${String(firstFailure)}`);
report({ type: 'joined', joinMs, failed: joins.length - joinMs.length });

process.on('message', (order) => {
  if (order === 'reset') {
    seen = fresh();
    for (const client of clients) client.parts = 0;
  } else if (order === 'read') {
    const { parts, missed, bytes, errors, delaysMs, spreadsMs } = seen;
    report({
      type: 'numbers',
      ...{ parts, missed, bytes, errors },
      live: clients.filter((client) => client.parts > 0).length,
      delayP50Ms: quantile(delaysMs, 0.5),
      delayP99Ms: quantile(delaysMs, 0.99),
      spreadP50Ms: quantile(spreadsMs, 0.5),
      spreadP99Ms: quantile(spreadsMs, 0.99),
    });
  }
});
process.on('disconnect', () => process.exit(0));
