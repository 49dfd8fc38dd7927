// `npm run bench -- rtc [--quick] [--n 300] [--runs 3] [--dur 12]`
// WHEP beside node-datachannel alone (the floor), memory and join time of viewers, and what a WHIP publisher costs.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, freeUdpPort, isPortOpen } from '../test/support/ports.ts';
import { sampleProcesses } from './process-sample.ts';
import type { RtcLoadOptions, RtcLoadReport } from './rtc-load.ts';
import { servers } from './servers.ts';
import { median, quantile } from './statistics.ts';
import { sampleFile, workFolder } from './workspace.ts';

type Kind = 'kaibo' | 'floor';

interface PlayResult {
  kind: Kind;
  cpuSecondsPer100k: number;
  kbPerViewer: number;
  joinP50Ms: number;
  joinP99Ms: number;
  packets: number;
  lost: number;
  live: number;
}

const START_MS = 20_000;
const SETTLE_MS = 4000;
const RAMP_MS = 6000;
const STREAM = 'bench';
/** From asking for the numbers to having them. */
const ANSWER_MS = 60_000;

async function message<Message>(child: ChildProcess, what: string): Promise<Message> {
  const timer = AbortSignal.timeout(ANSWER_MS);
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`${what} ended with ${code}`));
    timer.addEventListener('abort', () => reject(new Error(`${what} does not answer`)));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as Message);
    });
  });
}

/** A running server: where viewers ask, and the process whose tree is measured. */
interface Target {
  whep: string;
  pid: number;
  stop(): void;
}

async function startKaibo(): Promise<Target & { whip: string; rtmp: string }> {
  const ports = { rtmp: await freePort(), http: await freePort() };
  const { file, args } = servers.kaibo.command(ports);
  const log = openSync(join(workFolder, 'kaibo-rtc.log'), 'w');
  const server = spawn(file, args, { stdio: ['ignore', log, log], cwd: workFolder });
  for (const deadline = Date.now() + START_MS; !(await isPortOpen(ports.http)); await sleep(50)) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error(`Kaibo did not start; see ${workFolder}`);
  }
  if (server.pid === undefined) throw new Error('Kaibo has no process id');
  const base = `http://127.0.0.1:${ports.http}/rtc/v1`;
  return {
    whep: `${base}/whep/?app=live&stream=${STREAM}`,
    whip: `${base}/whip/?app=live&stream=${STREAM}`,
    rtmp: `rtmp://127.0.0.1:${ports.rtmp}/live/${STREAM}`,
    pid: server.pid,
    stop: () => server.kill(),
  };
}

async function startFloor(): Promise<Target> {
  const floor = fork(join(import.meta.dirname, 'rtc-floor.ts'), [String(await freeUdpPort())]);
  const { port } = await message<{ port: number }>(floor, 'the floor');
  if (floor.pid === undefined) throw new Error('the floor has no process id');
  return { whep: `http://127.0.0.1:${port}/`, pid: floor.pid, stop: () => floor.kill() };
}

async function startLoad(
  url: string,
  options: Omit<RtcLoadOptions, 'url'>,
): Promise<{ load: ChildProcess; joined: Extract<RtcLoadReport, { type: 'joined' }> }> {
  const load = fork(join(import.meta.dirname, 'rtc-load.ts'), [JSON.stringify({ url, ...options })]);
  const joined = await message<RtcLoadReport>(load, 'the load generator');
  if (joined.type !== 'joined') throw new Error('the load generator answered wrongly');
  return { load, joined };
}

async function measurePlay(
  kind: Kind,
  { viewers, windowMs }: { viewers: number; windowMs: number },
): Promise<PlayResult> {
  const children: ChildProcess[] = [];
  const target = kind === 'floor' ? await startFloor() : await startKaibo();
  try {
    if ('rtmp' in target) {
      const publisher = fork(join(import.meta.dirname, 'publisher.ts'), [sampleFile(), String(target.rtmp)]);
      children.push(publisher);
      await message(publisher, 'the publisher');
    }
    await sleep(SETTLE_MS);
    // With the first viewer come the process, ffmpeg and the history: what the others add is measured.
    const first = await startLoad(target.whep, { viewers: 1, rampMs: 0 });
    children.push(first.load);
    await sleep(SETTLE_MS);
    const idle = sampleProcesses(target.pid);
    const { load, joined } = await startLoad(target.whep, { viewers, rampMs: RAMP_MS });
    children.push(load);
    await sleep(SETTLE_MS);
    load.send('reset');
    const before = sampleProcesses(target.pid);
    await sleep(windowMs);
    const after = sampleProcesses(target.pid);
    load.send('read');
    const numbers = await message<RtcLoadReport>(load, 'the load generator');
    if (numbers.type !== 'numbers') throw new Error('the load generator answered wrongly');
    return {
      kind,
      cpuSecondsPer100k: ((after.cpuSeconds - before.cpuSeconds) / numbers.packets) * 1e5,
      kbPerViewer: (after.rssBytes - idle.rssBytes) / viewers / 1024,
      joinP50Ms: quantile(joined.joinMs, 0.5),
      joinP99Ms: quantile(joined.joinMs, 0.99),
      packets: numbers.packets,
      lost: numbers.lost,
      live: numbers.live,
    };
  } finally {
    for (const child of children) child.kill();
    target.stop();
  }
}

/** Percent of a core for one publisher of 1 Mbit/s whom nobody watches, less what the server takes by itself. */
async function measureIngest(windowMs: number): Promise<number> {
  const target = await startKaibo();
  const quiet = await cpuShare(target.pid, windowMs);
  const publisher = fork(join(import.meta.dirname, 'rtc-publish.ts'), [sampleFile(), target.whip]);
  try {
    await message(publisher, 'the WHIP publisher');
    await sleep(SETTLE_MS);
    return (await cpuShare(target.pid, windowMs)) - quiet;
  } finally {
    publisher.kill();
    target.stop();
  }
}

async function cpuShare(pid: number, windowMs: number): Promise<number> {
  const before = sampleProcesses(pid).cpuSeconds;
  await sleep(windowMs);
  return ((sampleProcesses(pid).cpuSeconds - before) / windowMs) * 1e5;
}

const TITLES: Record<Kind, string> = { kaibo: 'Kaibo WHEP', floor: 'node-datachannel alone' };

function table(results: readonly PlayResult[]): string[] {
  const mid = (kind: Kind, pick: (result: PlayResult) => number): number =>
    median(results.filter((result) => result.kind === kind).map(pick));
  const rows = (['kaibo', 'floor'] as const).map((kind) => {
    const cost = mid(kind, (r) => r.cpuSecondsPer100k);
    const ratio = cost / mid('floor', (r) => r.cpuSecondsPer100k);
    const join = `${mid(kind, (r) => r.joinP50Ms).toFixed(0)} / ${mid(kind, (r) => r.joinP99Ms).toFixed(0)}`;
    const lost = `${mid(kind, (r) => r.lost)} of ${mid(kind, (r) => r.packets)}`;
    return `| ${TITLES[kind]} | ${cost.toFixed(2)} | ${ratio.toFixed(2)} | ${mid(kind, (r) => r.kbPerViewer).toFixed(0)} | ${join} | ${lost} | ${mid(kind, (r) => r.live)} |`;
  });
  return [
    '| server | CPU-s per 100k packets | × floor | KB/viewer | join to first video p50 / p99 ms | lost | live |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ];
}

export async function benchRtc(args: string[], facts: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      n: { type: 'string' },
      runs: { type: 'string' },
      dur: { type: 'string' },
    },
  });
  const viewers = Number(values.n ?? (values.quick ? 50 : 300));
  const rounds = Number(values.runs ?? (values.quick ? 1 : 3));
  const windowMs = Number(values.dur ?? (values.quick ? 4 : 12)) * 1000;
  sampleFile(); // and with it the folder of logs
  const plays: PlayResult[] = [];
  const ingests: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const kind of ['kaibo', 'floor'] as const) {
      const result = await measurePlay(kind, { viewers, windowMs });
      plays.push(result);
      console.log(
        `round ${round}/${rounds} ${kind}: ${result.cpuSecondsPer100k.toFixed(2)} CPU-s per 100k, ${result.live} live, lost ${result.lost}`,
      );
    }
    ingests.push(await measureIngest(windowMs));
  }
  const load = `load: ${viewers} viewers × about 1.15 Mbit/s of H.264 and Opus (made of AAC by ffmpeg, which counts), ${windowMs / 1000} s, ${rounds} interleaved runs`;
  const lines = [
    ...table(plays),
    '',
    `One WHIP publisher of 1 Mbit/s, nobody watching: ${median(ingests).toFixed(1)} % of a core.`,
  ];
  const folder = values.quick ? workFolder : join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, `${stamp}-rtc`);
  const head = [`# WebRTC bench ${stamp}`, '', ...[...facts, load].map((fact) => `- ${fact}`), ''];
  writeFileSync(`${base}.md`, [...head, ...lines, ''].join('\n'));
  writeFileSync(
    `${base}.json`,
    `${JSON.stringify({ date: new Date().toISOString(), machine: facts, load, plays, ingests }, undefined, 1)}\n`,
  );
  console.log(`\n${lines.join('\n')}\n\nsaved: ${relative(process.cwd(), `${base}.md`)}`);
}
