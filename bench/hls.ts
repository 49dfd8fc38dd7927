// `npm run bench -- hls [--quick] [--streams 8] [--clients 1000] [--runs 3] [--dur 15]`
// What packaging and recording of a stream cost beside nginx-rtmp and ffmpeg, and what LL-HLS clients cost and get.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, isPortOpen } from '../test/support/ports.ts';
import type { HlsLoadOptions, HlsLoadReport } from './hls-load.ts';
import { ffmpegCommand, PACKAGERS, type Packager, serverCommand, type Work } from './hls-servers.ts';
import { sampleProcesses } from './process-sample.ts';
import { median, quantile } from './statistics.ts';
import { sampleFile, workFolder } from './workspace.ts';

const START_MS = 20_000;
const SETTLE_MS = 5000;
const RAMP_MS = 6000;
const ANSWER_MS = 60_000;
const CASES: readonly { packager: Packager; work: Work }[] = [
  { packager: 'kaibo', work: 'ingest' },
  { packager: 'kaibo', work: 'hls' },
  { packager: 'kaibo', work: 'record' },
  { packager: 'nginx-rtmp', work: 'ingest' },
  { packager: 'nginx-rtmp', work: 'hls' },
  { packager: 'nginx-rtmp', work: 'record' },
  { packager: 'ffmpeg', work: 'hls' },
  { packager: 'ffmpeg', work: 'record' },
];
const WORDS: Readonly<Record<Work, string>> = { ingest: 'takes only', hls: 'HLS', record: 'records' };

interface PackResult {
  packager: Packager;
  work: Work;
  /** Of a core, for one stream, everything the server does included. */
  percentPerStream: number;
}

interface ClientResult {
  joined: Extract<HlsLoadReport, { type: 'joined' }>;
  numbers: Extract<HlsLoadReport, { type: 'numbers' }>;
  cpuPercent: number;
  cpuSecondsPerGb: number;
  kbPerClient: number;
}

async function message<Message>(child: ChildProcess, what: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} does not answer`)), ANSWER_MS);
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code}`)));
    child.once('message', (value) => {
      clearTimeout(timer);
      resolve(value as Message);
    });
  });
}

/** Processes of one measurement: all are ended with it. */
class Stage implements AsyncDisposable {
  #children: ChildProcess[] = [];

  add(child: ChildProcess): ChildProcess {
    this.#children.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.toReversed().map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }
}

async function startServer(stage: Stage, packager: Exclude<Packager, 'ffmpeg'>, work: Work) {
  const ports = { rtmp: await freePort(), http: await freePort() };
  const { file, args } = serverCommand(packager, work, ports);
  const log = openSync(join(workFolder, `${packager}-${work}.log`), 'w');
  const server = stage.add(spawn(file, args, { stdio: ['ignore', log, log], cwd: workFolder }));
  for (const deadline = Date.now() + START_MS; !(await isPortOpen(ports.rtmp)); await sleep(50)) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error(`${packager} did not start: ${workFolder}`);
  }
  if (server.pid === undefined) throw new Error(`${packager} has no process id`);
  return { pid: server.pid, ports };
}

async function publish(stage: Stage, rtmpPort: number, streams: number): Promise<void> {
  for (let index = 0; index < streams; index++) {
    const url = `rtmp://127.0.0.1:${rtmpPort}/live/bench${index}`;
    const publisher = stage.add(fork(join(import.meta.dirname, 'publisher.ts'), [sampleFile(), url]));
    await message(publisher, 'a publisher');
  }
}

async function measurePackaging(
  { packager, work }: { packager: Packager; work: Work },
  { streams, windowMs }: { streams: number; windowMs: number },
): Promise<PackResult> {
  await using stage = new Stage();
  let pids: number[];
  if (packager === 'ffmpeg') {
    if (work === 'ingest') throw new Error('ffmpeg is no server');
    pids = Array.from({ length: streams }, (_, index) => {
      const { file, args } = ffmpegCommand(work, { file: sampleFile(), index });
      return stage.add(spawn(file, args, { stdio: 'ignore' })).pid ?? 0;
    });
  } else {
    const { pid, ports } = await startServer(stage, packager, work);
    pids = [pid];
    await publish(stage, ports.rtmp, streams);
  }
  await sleep(SETTLE_MS);
  const cpuSeconds = (): number => pids.reduce((sum, pid) => sum + sampleProcesses(pid).cpuSeconds, 0);
  const before = cpuSeconds();
  await sleep(windowMs);
  return { packager, work, percentPerStream: ((cpuSeconds() - before) / windowMs / streams) * 1e5 };
}

async function measureClients({ clients, windowMs }: { clients: number; windowMs: number }): Promise<ClientResult> {
  await using stage = new Stage();
  const { pid, ports } = await startServer(stage, 'kaibo', 'hls');
  await publish(stage, ports.rtmp, 1);
  await sleep(SETTLE_MS);
  const idle = sampleProcesses(pid);
  const options: HlsLoadOptions = { port: ports.http, path: '/live/bench0.m3u8', clients, rampMs: RAMP_MS };
  const load = stage.add(fork(join(import.meta.dirname, 'hls-load.ts'), [JSON.stringify(options)]));
  const joined = await message<HlsLoadReport>(load, 'the load generator');
  await sleep(SETTLE_MS);
  load.send('reset');
  const before = sampleProcesses(pid);
  await sleep(windowMs);
  const after = sampleProcesses(pid);
  load.send('read');
  const numbers = await message<HlsLoadReport>(load, 'the load generator');
  if (joined.type !== 'joined' || numbers.type !== 'numbers') throw new Error('the load generator answered wrongly');
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return {
    joined,
    numbers,
    cpuPercent: (cpuSeconds / windowMs) * 1e5,
    cpuSecondsPerGb: (cpuSeconds / numbers.bytes) * 1e9,
    kbPerClient: (after.rssBytes - idle.rssBytes) / clients / 1024,
  };
}

function packagingTable(results: readonly PackResult[]): string[] {
  const mid = (packager: Packager, work: Work): number =>
    median(results.filter((r) => r.packager === packager && r.work === work).map((r) => r.percentPerStream));
  const rows = CASES.map(({ packager, work }) => {
    const cost = mid(packager, work);
    const alone = work === 'ingest' || packager === 'ffmpeg' ? '' : (cost - mid(packager, 'ingest')).toFixed(2);
    return `| ${PACKAGERS[packager]} | ${WORDS[work]} | ${cost.toFixed(2)} | ${alone} | ${(cost / mid('kaibo', work)).toFixed(2)} |`;
  });
  return ['| who | what | % of a core a stream | less ingest | × Kaibo |', '|---|---|---|---|---|', ...rows];
}

function clientTable(results: readonly ClientResult[], clients: number): string[] {
  const mid = (pick: (result: ClientResult) => number, digits = 0): string => median(results.map(pick)).toFixed(digits);
  return [
    '| clients | % of a core | CPU-s/GB | KB/client | join p50 / p99 ms | delay p50 / p99 ms | spread p50 / p99 ms | parts missed | errors |',
    '|---|---|---|---|---|---|---|---|---|',
    `| ${mid((r) => r.numbers.live)} of ${clients} | ${mid((r) => r.cpuPercent)} | ${mid((r) => r.cpuSecondsPerGb, 2)} | ${mid((r) => r.kbPerClient)} | ` +
      `${mid((r) => quantile(r.joined.joinMs, 0.5))} / ${mid((r) => quantile(r.joined.joinMs, 0.99))} | ` +
      `${mid((r) => r.numbers.delayP50Ms)} / ${mid((r) => r.numbers.delayP99Ms)} | ` +
      `${mid((r) => r.numbers.spreadP50Ms)} / ${mid((r) => r.numbers.spreadP99Ms)} | ` +
      `${mid((r) => r.numbers.missed)} of ${mid((r) => r.numbers.parts)} | ${mid((r) => r.numbers.errors)} |`,
    '',
    "delay: from a part's end in the publisher's time to a client's having it. spread: from the first client's having it.",
  ];
}

export async function benchHls(args: string[], facts: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      streams: { type: 'string' },
      clients: { type: 'string' },
      runs: { type: 'string' },
      dur: { type: 'string' },
    },
  });
  const streams = Number(values.streams ?? (values.quick ? 3 : 8));
  const clients = Number(values.clients ?? (values.quick ? 100 : 1000));
  const rounds = Number(values.runs ?? (values.quick ? 1 : 3));
  const windowMs = Number(values.dur ?? (values.quick ? 5 : 15)) * 1000;
  sampleFile(); // and with it the folder of logs
  const packed: PackResult[] = [];
  const served: ClientResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const each of CASES) {
      const result = await measurePackaging(each, { streams, windowMs });
      packed.push(result);
      console.log(`round ${round}/${rounds} ${each.packager} ${each.work}: ${result.percentPerStream.toFixed(2)} %`);
    }
    const result = await measureClients({ clients, windowMs });
    served.push(result);
    console.log(`round ${round}/${rounds} ${clients} clients: ${result.cpuPercent.toFixed(0)} %`);
  }
  const load = `load: ${streams} streams of about 1.15 Mbit/s packaged, ${clients} LL-HLS clients of one, ${windowMs / 1000} s, ${rounds} interleaved runs`;
  const lines = [...packagingTable(packed), '', ...clientTable(served, clients)];
  const folder = values.quick ? workFolder : join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, `${stamp}-hls`);
  const head = [`# HLS bench ${stamp}`, '', ...[...facts, load].map((fact) => `- ${fact}`), ''];
  writeFileSync(`${base}.md`, [...head, ...lines, ''].join('\n'));
  const kept = { date: new Date().toISOString(), machine: facts, load, packed, served };
  writeFileSync(`${base}.json`, `${JSON.stringify(kept, undefined, 1)}\n`);
  console.log(`\n${lines.join('\n')}\n\nsaved: ${relative(process.cwd(), `${base}.md`)}`);
}
