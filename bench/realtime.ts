// `npm run bench -- realtime [--quick] [--n 5000] [--rate 20] [--runs 3] [--dur 15] [--part broadcast|storm|http|all]`
// Chat-size broadcast beside a plain `ws` loop and socket.io, a resume storm, and requests per CPU second.
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { measureHttp, type HttpResult } from './realtime-http.ts';
import type { LoadOptions, LoadOrder, LoadReport } from './realtime-load.ts';
import type { Order, RealtimeKind, Report } from './realtime-server.ts';
import { sampleProcesses } from './process-sample.ts';
import { median } from './statistics.ts';

const KINDS: readonly RealtimeKind[] = ['kaibo', 'kaibo-merged', 'ws', 'socket.io'];
const TITLES: { [kind in RealtimeKind]: string } = {
  kaibo: 'Kaibo, message by message',
  'kaibo-merged': 'Kaibo, merged up to 50 ms',
  ws: 'plain ws loop',
  'socket.io': 'socket.io 4.8',
};
/** What was written while everybody was away. */
const MISSED = 20;
/** For frames on their way when the last message was sent. */
const DRAIN_MS = 500;
const ANSWER_MS = 120_000;

interface BroadcastResult {
  kind: RealtimeKind;
  cpuSecondsPerMillion: number;
  latencyP50Ms: number;
  latencyP99Ms: number;
  deliveries: number;
  missing: number;
}

interface StormResult {
  ms: number;
  cpuSeconds: number;
  snapshots: number;
}

/** The next message of a child, or its end. */
async function answer<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a process of the bench does not answer')), ANSWER_MS);
    const onExit = (code: number | null): void => reject(new Error(`a process of the bench ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}

async function tell<Message>(child: ChildProcess, order: Order | LoadOrder): Promise<Message> {
  const told = answer<Message>(child);
  child.send(order);
  return told;
}

/** A server and its clients, ended with the block that uses them. */
class Pair implements Disposable {
  readonly server: ChildProcess;
  readonly load: ChildProcess;

  static async start(kind: RealtimeKind, clients: number): Promise<Pair> {
    const server = fork(join(import.meta.dirname, 'realtime-server.ts'), [kind]);
    const listening = await answer<Report>(server);
    if (listening.type !== 'listening') throw new Error('the server did not start');
    const options: LoadOptions = { kind, port: listening.port, clients };
    const load = fork(join(import.meta.dirname, 'realtime-load.ts'), [JSON.stringify(options)]);
    await answer<LoadReport>(load);
    return new Pair(server, load);
  }

  constructor(server: ChildProcess, load: ChildProcess) {
    this.server = server;
    this.load = load;
  }

  cpuSeconds(): number {
    if (this.server.pid === undefined) throw new Error('the server has no process id');
    return sampleProcesses(this.server.pid).cpuSeconds;
  }

  [Symbol.dispose](): void {
    this.load.kill();
    this.server.kill();
  }
}

/** Also what the chat bench compares with. */
export async function measureBroadcast(
  kind: RealtimeKind,
  { clients, perSecond, durationMs }: { clients: number; perSecond: number; durationMs: number },
): Promise<BroadcastResult> {
  using pair = await Pair.start(kind, clients);
  await tell<Report>(pair.server, { type: 'broadcast', perSecond, durationMs: 2000 });
  await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  await tell<LoadReport>(pair.load, { type: 'reset' });
  const before = pair.cpuSeconds();
  const done = await tell<Report>(pair.server, { type: 'broadcast', perSecond, durationMs });
  await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  const cpuSeconds = pair.cpuSeconds() - before;
  const numbers = await tell<LoadReport>(pair.load, { type: 'read' });
  if (numbers.type !== 'numbers' || done.type !== 'done') throw new Error('a process of the bench answered wrongly');
  const { messages: deliveries, latencyP50Ms, latencyP99Ms } = numbers;
  const missing = done.sent * clients - deliveries;
  return {
    kind,
    cpuSecondsPerMillion: (cpuSeconds / deliveries) * 1e6,
    latencyP50Ms,
    latencyP99Ms,
    deliveries,
    missing,
  };
}

/** Everybody is cut, something is written, everybody comes back from where they were. */
async function measureStorm(clients: number): Promise<StormResult> {
  using pair = await Pair.start('kaibo', clients);
  await tell<Report>(pair.server, { type: 'write', count: MISSED });
  const before = pair.cpuSeconds();
  const resumed = await tell<LoadReport>(pair.load, { type: 'storm' });
  if (resumed.type !== 'resumed') throw new Error('the load generator answered wrongly');
  return { ms: resumed.ms, snapshots: resumed.snapshots, cpuSeconds: pair.cpuSeconds() - before };
}

function broadcastTable(results: readonly BroadcastResult[]): string[] {
  const cost = (kind: RealtimeKind): number =>
    median(results.filter((result) => result.kind === kind).map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion));
  const mid = (kind: RealtimeKind, pick: (result: BroadcastResult) => number): string =>
    median(results.filter((result) => result.kind === kind).map(pick)).toFixed(1);
  return [
    '| server | CPU-s per million deliveries | × plain ws | latency p50 / p99 ms | missing |',
    '|---|---|---|---|---|',
    ...KINDS.map((kind) => {
      const lost = results.filter((result) => result.kind === kind).reduce((sum, { missing }) => sum + missing, 0);
      const latency = `${mid(kind, (r) => r.latencyP50Ms)} / ${mid(kind, (r) => r.latencyP99Ms)}`;
      return `| ${TITLES[kind]} | ${cost(kind).toFixed(2)} | ${(cost(kind) / cost('ws')).toFixed(2)} | ${latency} | ${lost} |`;
    }),
  ];
}

function httpTable(results: readonly HttpResult[]): string[] {
  return [
    '| request | per CPU-second | latency p50 / p99 ms | failed |',
    '|---|---|---|---|',
    ...results.map(
      ({ name, requestsPerCpuSecond, latencyP50Ms, latencyP99Ms, failed }) =>
        `| ${name} | ${requestsPerCpuSecond.toFixed(0)} | ${latencyP50Ms} / ${latencyP99Ms} | ${failed} |`,
    ),
  ];
}

export async function benchRealtime(args: string[], facts: readonly string[], quickFolder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      n: { type: 'string' },
      rate: { type: 'string', default: '20' },
      runs: { type: 'string' },
      dur: { type: 'string' },
      part: { type: 'string', default: 'all' },
    },
  });
  const clients = Number(values.n ?? (values.quick ? 500 : 5000));
  const rounds = Number(values.runs ?? (values.quick ? 1 : 3));
  const durationMs = Number(values.dur ?? (values.quick ? 4 : 15)) * 1000;
  const perSecond = Number(values.rate);
  const wants = (part: string): boolean => values.part === 'all' || values.part === part;
  const broadcasts: BroadcastResult[] = [];
  const storms: StormResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const kind of wants('broadcast') ? KINDS : []) {
      const result = await measureBroadcast(kind, { clients, perSecond, durationMs });
      broadcasts.push(result);
      console.log(
        `round ${round}/${rounds} ${kind}: ${result.cpuSecondsPerMillion.toFixed(2)} CPU-s per million, p99 ${result.latencyP99Ms.toFixed(1)} ms`,
      );
    }
    if (wants('storm')) storms.push(await measureStorm(clients));
  }
  const http = wants('http') ? await measureHttp(durationMs / 1000) : [];
  const load = `load: ${clients} clients, ${perSecond} messages of 200 bytes a second at random moments, ${durationMs / 1000} s, ${rounds} interleaved runs`;
  const storm = storms.map(
    ({ ms, cpuSeconds, snapshots }) =>
      `- resume storm: ${clients} clients back with ${MISSED} missed events each in ${ms.toFixed(0)} ms, ${cpuSeconds.toFixed(2)} CPU-s of the server, ${snapshots} snapshots instead of a resume`,
  );
  const tables = [
    ...(broadcasts.length > 0 ? broadcastTable(broadcasts) : []),
    '',
    ...storm,
    '',
    ...(http.length > 0 ? httpTable(http) : []),
  ];
  const folder = values.quick ? quickFolder : join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, `${stamp}-realtime`);
  const head = [`# Realtime bench ${stamp}`, '', ...[...facts, load].map((fact) => `- ${fact}`), ''];
  writeFileSync(`${base}.md`, [...head, ...tables, ''].join('\n'));
  const record = { date: new Date().toISOString(), machine: facts, load, broadcasts, storms, http };
  writeFileSync(`${base}.json`, `${JSON.stringify(record, undefined, 1)}\n`);
  console.log(`\n${tables.join('\n')}\n\nsaved: ${relative(process.cwd(), `${base}.md`)}`);
}
