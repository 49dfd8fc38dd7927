// The people of the chat bench, in a process of their own: all of them read, some of them write, ten of them too slowly.
// argv: ChatLoadOptions as JSON; prints a ChatLoadResult as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { monotonicMs } from './clock.ts';
import { sampleProcesses } from './process-sample.ts';
import { quantile } from './statistics.ts';

export interface ChatLoadOptions {
  base: string;
  serverPid: number;
  roomId: string;
  readers: number;
  writers: number;
  slow: number;
  perSecond: number;
  durationMs: number;
  /** What is said flies over the picture, too. */
  danmaku?: boolean;
}

export interface ChatLoadResult {
  sent: number;
  acknowledged: number;
  refused: number;
  deliveries: number;
  /** Deliveries that did not come, came twice or before one that was said before. */
  lost: number;
  disordered: number;
  latencyP50Ms: number;
  latencyP99Ms: number;
  ackP50Ms: number;
  ackP99Ms: number;
  serverCpuSeconds: number;
  loadCpuSeconds: number;
  slowCuts: number;
  /** Of the slow: came back to exactly where they were, or only to a new snapshot. */
  slowResumed: number;
  slowSnapshots: number;
  slowLost: number;
}

/** One reader in so many measures how long a message takes. */
const SAMPLED = 20;
const STAMP = /@(\d{15})/;
/** Until everything that was sent is answered and read: nothing is counted as lost that is only late. */
const DRAIN_MS = 180_000;
/** A reader that was cut sees it within this, once it reads again. */
const CLOSE_SEEN_MS = 15_000;

const stamp = (): string =>
  `@${Math.round(monotonicMs() * 1000)
    .toString()
    .padStart(15, '0')}`;
const sinceStampMs = (text: string): number => monotonicMs() - Number(STAMP.exec(text)?.[1]) / 1000;

const latencies: number[] = [];
const ackLatencies: number[] = [];

/** Somebody who listens to the room and checks that offsets follow each other. */
class Reader {
  readonly #options: ChatLoadOptions;
  readonly #isSampled: boolean;
  readonly #asksAgain: boolean;
  socket: WebSocket;
  epoch = '';
  first = 0;
  offset = 0;
  deliveries = 0;
  disordered = 0;
  snapshots = 0;
  resumes = 0;

  constructor(options: ChatLoadOptions, { isSampled = false, asksAgain = false } = {}) {
    this.#options = options;
    this.#isSampled = isSampled;
    this.#asksAgain = asksAgain;
    this.socket = this.#open();
  }

  #open(): WebSocket {
    return new WebSocket(`${this.#options.base.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
  }

  /** Resolves with the first answer: a snapshot, or that what was missed follows. */
  async listen(): Promise<void> {
    const { socket } = this;
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    const begun = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        this.#read(data);
        resolve();
      });
    });
    this.subscribe();
    await begun;
  }

  subscribe(): void {
    const since = this.epoch === '' ? undefined : { epoch: this.epoch, offset: this.offset };
    this.socket.send(JSON.stringify({ type: 'subscribe', channel: `chat:${this.#options.roomId}`, since }));
  }

  async comeBack(): Promise<void> {
    this.resumes = 0;
    this.snapshots = 0;
    this.socket = this.#open();
    await this.listen();
  }

  #read(data: Buffer): void {
    const at = data.indexOf('"offset":');
    if (at < 0) return;
    const offset = Number.parseInt(data.toString('latin1', at + 9, at + 25), 10);
    const head = data.toString('latin1', 0, 20);
    if (head.includes('"snapshot"')) this.#begin(data, offset);
    else if (head.includes('"event"')) this.#event(data, offset);
  }

  #begin(data: Buffer, offset: number): void {
    const { epoch, recovered } = JSON.parse(data.toString()) as { epoch: string; recovered: boolean };
    if (this.epoch === '') this.first = offset;
    else if (recovered) this.resumes++;
    else this.snapshots++;
    this.epoch = epoch;
    if (!recovered) this.offset = offset;
  }

  #event(data: Buffer, offset: number): void {
    this.deliveries++;
    // Who asked again while they did not read is told again.
    const isKnown = this.#asksAgain && offset <= this.offset;
    if (!isKnown && offset !== this.offset + 1) this.disordered++;
    this.offset = Math.max(this.offset, offset);
    if (this.#isSampled) latencies.push(sinceStampMs(data.toString('latin1')));
  }
}

/** Somebody who writes, with a viewer id of their own. */
class Writer {
  readonly #reader: WebSocket;
  readonly #options: ChatLoadOptions;
  readonly #vid: string;
  acknowledged = 0;
  refused = 0;

  static async start(options: ChatLoadOptions): Promise<Writer> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    const { vid } = (await (await fetch(`${options.base}/api/viewers`, init)).json()) as { vid: string };
    const socket = new WebSocket(`${options.base.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
    await new Promise((resolve) => socket.once('open', resolve));
    return new Writer(socket, options, vid);
  }

  constructor(socket: WebSocket, options: ChatLoadOptions, vid: string) {
    this.#reader = socket;
    this.#options = options;
    this.#vid = vid;
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.startsWith('{"type":"ack"')) {
        this.acknowledged++;
        ackLatencies.push(sinceStampMs(text));
      } else this.refused++;
    });
  }

  say(n: number): void {
    const text = `${stamp()} message ${n}: 大家好，这是一条普通长度的弹幕`;
    const { roomId, danmaku } = this.#options;
    this.#reader.send(JSON.stringify({ type: 'chat', id: n, roomId, vid: this.#vid, text, danmaku }));
  }
}

/** Reads nothing until it was cut, then comes back and reads all. It asks for more than it reads, to be cut sooner. */
async function dawdle(reader: Reader, until: AbortSignal): Promise<boolean> {
  const closed = new Promise<void>((resolve) => reader.socket.once('close', () => resolve()));
  const { socket } = reader;
  socket.pause();
  let isCut = false;
  // A closed connection is only seen by reading on: the server's side is done with it within seconds of the cut.
  while (!until.aborted) {
    reader.subscribe();
    await sleep(1000);
  }
  socket.resume();
  await Promise.race([closed.then(() => void (isCut = true)), sleep(CLOSE_SEEN_MS)]);
  if (isCut) await reader.comeBack();
  return isCut;
}

async function write(writers: readonly Writer[], { perSecond, durationMs }: ChatLoadOptions): Promise<number> {
  const endsMs = performance.now() + durationMs;
  let sent = 0;
  for (let nextMs = performance.now(); nextMs < endsMs; sent++) {
    const waitMs = nextMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    writers[sent % writers.length]?.say(sent);
    nextMs += (-Math.log(1 - Math.random()) * 1000) / perSecond;
  }
  return sent;
}

async function until(holds: () => boolean): Promise<void> {
  const endsMs = performance.now() + DRAIN_MS;
  while (!holds() && performance.now() < endsMs) await sleep(50);
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

async function measure(options: ChatLoadOptions): Promise<ChatLoadResult> {
  const readers: Reader[] = [];
  for (let n = 0; n < options.readers; n += 50) {
    const some = Array.from(
      { length: Math.min(50, options.readers - n) },
      (_, k) => new Reader(options, { isSampled: (n + k) % SAMPLED === 0 }),
    );
    readers.push(...some);
    await Promise.all(some.map((reader) => reader.listen()));
  }
  const slow = Array.from({ length: options.slow }, () => new Reader(options, { asksAgain: true }));
  await Promise.all(slow.map((reader) => reader.listen()));
  const writers = await Promise.all(Array.from({ length: options.writers }, () => Writer.start(options)));
  const serverBefore = sampleProcesses(options.serverPid).cpuSeconds;
  const ownBefore = process.cpuUsage();
  const isOver = new AbortController();
  const dawdling = slow.map((reader) => dawdle(reader, isOver.signal));
  const sent = await write(writers, options);
  const answered = (): number => sum(writers, (writer) => writer.acknowledged + writer.refused);
  await until(() => answered() >= sent);
  const acknowledged = sum(writers, (writer) => writer.acknowledged);
  const due = (reader: Reader): number => acknowledged - (reader.offset - reader.first);
  await until(() => readers.every((reader) => due(reader) <= 0));
  const serverCpuSeconds = sampleProcesses(options.serverPid).cpuSeconds - serverBefore;
  const own = process.cpuUsage(ownBefore);
  isOver.abort();
  const cuts = (await Promise.all(dawdling)).filter(Boolean).length;
  await until(() => slow.every((reader) => due(reader) <= 0));
  return {
    ...{ sent, acknowledged, refused: sum(writers, ({ refused }) => refused) },
    deliveries: sum(readers, (reader) => reader.deliveries),
    lost: acknowledged * readers.length - sum(readers, (reader) => reader.deliveries),
    disordered: sum(readers, (reader) => reader.disordered),
    latencyP50Ms: quantile(latencies, 0.5),
    latencyP99Ms: quantile(latencies, 0.99),
    ackP50Ms: quantile(ackLatencies, 0.5),
    ackP99Ms: quantile(ackLatencies, 0.99),
    ...{ serverCpuSeconds, loadCpuSeconds: (own.user + own.system) / 1e6, slowCuts: cuts },
    slowResumed: sum(slow, ({ resumes }) => (resumes > 0 ? 1 : 0)),
    slowSnapshots: sum(slow, ({ snapshots }) => snapshots),
    slowLost: sum(slow, (reader) => Math.max(0, due(reader)) + reader.disordered),
  };
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '{}') as ChatLoadOptions)));
  process.exit();
}
