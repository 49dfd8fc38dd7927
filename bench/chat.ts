// `npm run bench -- chat [--quick] [--n 1000] [--rate 200] [--dur 60] [--runs 1] [--part chat|plain|all]`
// A whole platform whose room is full: what a message costs from the hand of its author to every reader, rules, database
// and all, beside a plain `ws` loop that only sends.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { ChatLoadOptions, ChatLoadResult } from './chat-load.ts';
import { measureBroadcast } from './realtime.ts';

const LAUNCHER = join(import.meta.dirname, '../packages/server/bin/kaibo.mjs');
const LOAD = join(import.meta.dirname, 'chat-load.ts');
const READY_MS = 60_000;
const SLOW_READERS = 10;
/** Messages of one writer each second at most, below what a socket may say. */
const PER_WRITER = 4;

interface Server extends Disposable {
  base: string;
  pid: number;
}

export async function startKaibo(folder: string, ...flags: string[]): Promise<Server> {
  const ports = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
    (name) => `--${name}.port=0`,
  );
  // Anybody may write, at any pace, and those who were away for a while find everything.
  const chat = [
    '--chat.burst=1000',
    '--chat.perSecond=1000',
    '--chat.roomPerSecond=10000',
    '--realtime.historySize=50000',
  ];
  const args = [LAUNCHER, 'start', `--dataDir=${folder}`, '--access=open', '--log.format=json', '--media.workers=1'];
  const child = spawn(process.execPath, [...args, '--limits.eventLoopDelayMs=60000', ...chat, ...ports, ...flags]);
  const http = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Kaibo does not start')), READY_MS);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const port = /"http":(\d+).*"msg":"ready"/.exec(output)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      child.stdout.removeAllListeners('data').resume();
      resolve(Number(port));
    });
    child.once('exit', () => reject(new Error(`Kaibo ended: ${output}`)));
  });
  if (child.pid === undefined) throw new Error('Kaibo has no process id');
  return { base: `http://127.0.0.1:${http}`, pid: child.pid, [Symbol.dispose]: () => void child.kill() };
}

async function measureChat(load: Omit<ChatLoadOptions, 'base' | 'serverPid' | 'roomId'>): Promise<ChatLoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-bench-chat-'));
  try {
    using server = await startKaibo(folder);
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${server.base}/api/rooms`, { method: 'POST', headers, body: '{"title":"bench"}' });
    const { id: roomId } = (await made.json()) as { id: string };
    const options: ChatLoadOptions = { ...load, base: server.base, serverPid: server.pid, roomId };
    return await runLoad(options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function runLoad(options: ChatLoadOptions): Promise<ChatLoadResult> {
  const child = spawn(process.execPath, [LOAD, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the load generator ended with ${String(code)}`);
  return JSON.parse(output) as ChatLoadResult;
}

const perMillion = ({ serverCpuSeconds, deliveries }: ChatLoadResult): number => (serverCpuSeconds / deliveries) * 1e6;

function table(
  results: readonly ChatLoadResult[],
  plain: readonly { cpuSecondsPerMillion: number; latencyP50Ms: number; latencyP99Ms: number }[],
): string[] {
  return [
    '| server | said | lost | out of order | delivery p50 / p99 ms | answer p50 / p99 ms | CPU-s per million deliveries | slow readers: cut, resumed, lost |',
    '|---|---|---|---|---|---|---|---|',
    ...results.map(
      (r) =>
        `| Kaibo, whole | ${r.acknowledged} of ${r.sent} | ${r.lost} | ${r.disordered} | ${r.latencyP50Ms.toFixed(0)} / ${r.latencyP99Ms.toFixed(0)} | ` +
        `${r.ackP50Ms.toFixed(0)} / ${r.ackP99Ms.toFixed(0)} | ${perMillion(r).toFixed(2)} | ${r.slowCuts}, ${r.slowResumed}, ${r.slowLost} |`,
    ),
    ...plain.map(
      (r) =>
        `| plain ws loop, which only sends | | | | ${r.latencyP50Ms.toFixed(0)} / ${r.latencyP99Ms.toFixed(0)} | | ${r.cpuSecondsPerMillion.toFixed(2)} | |`,
    ),
  ];
}

export async function benchChat(args: string[], facts: readonly string[], quickFolder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      n: { type: 'string' },
      rate: { type: 'string' },
      dur: { type: 'string' },
      runs: { type: 'string', default: '1' },
      part: { type: 'string', default: 'all' },
    },
  });
  const readers = Number(values.n ?? (values.quick ? 200 : 1000));
  const perSecond = Number(values.rate ?? (values.quick ? 50 : 200));
  const durationMs = Number(values.dur ?? (values.quick ? 10 : 60)) * 1000;
  const writers = Math.ceil(perSecond / PER_WRITER);
  const wants = (part: string): boolean => values.part === 'all' || values.part === part;
  const results: ChatLoadResult[] = [];
  const plain: Awaited<ReturnType<typeof measureBroadcast>>[] = [];
  for (let round = 0; round < Number(values.runs); round++) {
    if (wants('chat')) {
      const result = await measureChat({ readers, writers, slow: SLOW_READERS, perSecond, durationMs });
      results.push(result);
      console.log(JSON.stringify(result));
    }
    if (wants('plain'))
      plain.push(
        await measureBroadcast('ws', { clients: readers, perSecond, durationMs: Math.min(durationMs, 15_000) }),
      );
  }
  const load = `load: ${readers} readers, ${perSecond} messages a second of ${writers} writers at random moments, ${durationMs / 1000} s, ${SLOW_READERS} readers that do not read`;
  const lines = table(results, plain);
  const folder = values.quick ? quickFolder : join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, `${stamp}-chat`);
  const head = [`# Chat bench ${stamp}`, '', ...[...facts, load].map((fact) => `- ${fact}`), ''];
  writeFileSync(`${base}.md`, [...head, ...lines, ''].join('\n'));
  writeFileSync(
    `${base}.json`,
    `${JSON.stringify({ date: new Date().toISOString(), machine: facts, load, results, plain }, undefined, 1)}\n`,
  );
  console.log(`\n${lines.join('\n')}\n\nsaved: ${relative(process.cwd(), `${base}.md`)}`);
}
