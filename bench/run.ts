// `npm run bench -- [--quick] [--server kaibo|nms|nginx-rtmp|all] [--proto http|ws|rtmp|all] [--n 1000] [--runs 3] [--dur 12]`
// `npm run bench -- chat …`: see chat.ts; `npm run bench -- realtime …`: see realtime.ts; `npm run bench -- rtc …`: see rtc.ts; `npm run bench -- hls …`: see hls.ts;
// `npm run bench -- words …`: see words.ts; `npm run bench -- web …`: see web.ts.
// Kaibo against Node-Media-Server and nginx-rtmp: interleaved runs on this machine, medians, a dated file in bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { benchChat } from './chat.ts';
import { benchHls } from './hls.ts';
import { measure } from './measure.ts';
import { benchRealtime } from './realtime.ts';
import { benchRtc } from './rtc.ts';
import { reportTable, type Run } from './report.ts';
import { type Protocol, type ServerName, servers } from './servers.ts';
import { benchWeb } from './web.ts';
import { benchWords } from './words.ts';
import { run, workFolder } from './workspace.ts';

const PROTOCOLS: readonly Protocol[] = ['http', 'ws', 'rtmp'];
const SERVERS: readonly ServerName[] = ['kaibo', 'nms', 'nginx-rtmp'];

function chosen<T extends string>(flag: string, value: string, all: readonly T[]): readonly T[] {
  if (value === 'all') return all;
  const names = value.split(',');
  const found = all.filter((name) => names.includes(name));
  if (found.length !== names.length) throw new Error(`--${flag} takes ${all.join(', ')} or all, not ${value}`);
  return found;
}

function positive(flag: string, value: string, max: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max)
    throw new Error(`--${flag} takes a whole number from 1 to ${max}`);
  return number;
}

function machine(): string[] {
  const [cpu] = os.cpus();
  return [
    `CPU: ${cpu?.model ?? 'unknown'}, ${os.cpus().length} cores`,
    `memory: ${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `system: ${os.type()} ${os.release()} ${os.arch()}`,
    `Node: ${process.version}`,
    `load average at the start: ${os.loadavg()[0]?.toFixed(2)} (another load on the machine spoils latencies first)`,
    `commit: ${commit()}`,
  ];
}

function commit(): string {
  try {
    const isDirty = run('git', ['status', '--porcelain', '--untracked-files=no'], import.meta.dirname) !== '';
    return run('git', ['rev-parse', '--short', 'HEAD'], import.meta.dirname).trim() + (isDirty ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}

function save(runs: readonly Run[], facts: string[], folder: string): string {
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, stamp);
  const text = [
    `# Bench ${stamp}`,
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    reportTable(runs),
    '',
    "CPU-s/GB: CPU seconds of the server's whole process tree per 10⁹ bytes delivered, in one window. KB/viewer: highest resident memory",
    'under load, less that with the publisher alone, per viewer. Runs are interleaved; figures are medians of runs. Latency: publisher to',
    'viewer, per frame. Load generator, publisher and server share this machine, over loopback.',
    '',
  ];
  writeFileSync(`${base}.md`, text.join('\n'));
  writeFileSync(
    `${base}.json`,
    `${JSON.stringify({ date: new Date().toISOString(), machine: facts, runs }, undefined, 1)}\n`,
  );
  return relative(process.cwd(), `${base}.md`);
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and runs on Linux only');
  if (process.argv[2] === 'hls') return benchHls(process.argv.slice(3), machine());
  if (process.argv[2] === 'rtc') return benchRtc(process.argv.slice(3), machine());
  if (process.argv[2] === 'words') return benchWords(process.argv.slice(3), machine());
  if (process.argv[2] === 'web') return benchWeb(process.argv.slice(3), machine(), workFolder);
  if (process.argv[2] === 'chat') return benchChat(process.argv.slice(3), machine(), workFolder);
  if (process.argv[2] === 'realtime') return benchRealtime(process.argv.slice(3), machine(), workFolder);
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      server: { type: 'string', default: 'all' },
      proto: { type: 'string', default: 'all' },
      n: { type: 'string' },
      runs: { type: 'string' },
      dur: { type: 'string' },
    },
  });
  const viewers = positive('n', values.n ?? (values.quick ? '200' : '1000'), 10_000);
  const rounds = positive('runs', values.runs ?? (values.quick ? '1' : '3'), 50);
  const windowMs = positive('dur', values.dur ?? (values.quick ? '5' : '12'), 300) * 1000;
  const protocols = chosen('proto', values.proto, PROTOCOLS);
  const names = chosen('server', values.server, SERVERS);
  const cases = protocols.flatMap((protocol) =>
    names.filter((server) => servers[server].protocols.includes(protocol)).map((server) => ({ server, protocol })),
  );
  const facts = [
    ...machine(),
    `load: ${viewers} viewers × about 1.15 Mbit/s, window ${windowMs / 1000} s, ${rounds} interleaved runs`,
  ];
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const { server, protocol } of cases) {
      const result = await measure({ server, protocol, viewers, windowMs, warmMs: values.quick ? 1000 : 4000 });
      runs.push({ server, title: servers[server].title, protocol, viewers, result });
      const { cpuSecondsPerGb, live, latencyP50Ms, firstKeyP99Ms, loaderCpuSeconds, deaths } = result;
      console.log(
        `round ${round}/${rounds} ${protocol} ${server}: ${cpuSecondsPerGb.toFixed(2)} CPU-s/GB, ${live} live, latency p50 ${latencyP50Ms} ms, ` +
          `first key p99 ${firstKeyP99Ms.toFixed(0)} ms, loader ${((100 * loaderCpuSeconds) / result.windowSeconds).toFixed(0)} % of a core`,
      );
      if (result.dead > 0) console.log(`  viewers lost: ${JSON.stringify(deaths)}`);
    }
  }
  // A quick look is not a result to keep.
  const folder = values.quick ? workFolder : join(import.meta.dirname, 'results');
  console.log(`\n${reportTable(runs)}\n\nsaved: ${save(runs, facts, folder)}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
