import { type ChildProcess, fork, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isPortOpen } from '../test/support/ports.ts';
import type { LoadOptions, LoadResult } from './loader.ts';
import { type Ports, type Protocol, type ServerName, servers } from './servers.ts';
import { sampleFile, workFolder } from './workspace.ts';

export interface MeasureOptions {
  server: ServerName;
  protocol: Protocol;
  viewers: number;
  windowMs: number;
  warmMs: number;
}

const RAMP_MS = 2000;
/** The publisher runs alone this long: two key frames, so that a GOP cache is full. */
const SETTLE_MS = 4000;
const START_MS = 20_000;
const STOP_MS = 3000;
const STREAM = 'live/bench';

async function untilOpen(port: number, server: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(50)) {
    if (server.exitCode !== null) break;
    if (await isPortOpen(port)) return;
  }
  throw new Error(`the server did not open port ${port}; see ${workFolder}/*.log`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

function playUrl(protocol: Protocol, ports: Ports): string {
  return protocol === 'rtmp'
    ? `rtmp://127.0.0.1:${ports.rtmp}/${STREAM}`
    : `${protocol}://127.0.0.1:${ports.http}/${STREAM}.flv`;
}

async function runLoader(options: LoadOptions): Promise<LoadResult> {
  const loader = spawn(process.execPath, [join(import.meta.dirname, 'loader.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const limitMs = options.rampMs + options.warmMs + options.windowMs + 60_000;
  const timer = setTimeout(() => loader.kill('SIGKILL'), limitMs);
  let output = '';
  loader.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => loader.once('close', resolve));
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  const result: LoadResult = JSON.parse(output);
  return result;
}

/** One measurement: start the server, publish, let the viewers come, measure, stop everything. */
export async function measure(options: MeasureOptions): Promise<LoadResult> {
  const ports: Ports = { rtmp: await freePort(), http: await freePort() };
  const file = sampleFile();
  const { file: command, args, env } = servers[options.server].command(ports);
  const log = openSync(join(workFolder, `${options.server}.log`), 'w');
  const server = spawn(command, args, {
    stdio: ['ignore', log, log],
    cwd: workFolder,
    env: { ...process.env, ...env },
  });
  server.on('error', (error) => console.error(`bench: ${command}: ${error.message}`));
  let publisher: ChildProcess | undefined;
  try {
    await untilOpen(ports.rtmp, server);
    publisher = fork(join(import.meta.dirname, 'publisher.ts'), [file, `rtmp://127.0.0.1:${ports.rtmp}/${STREAM}`]);
    const source = publisher;
    await new Promise<void>((resolve, reject) => {
      source.once('message', () => resolve());
      source.once('exit', (code) => reject(new Error(`the publisher ended with ${code}`)));
    });
    await sleep(SETTLE_MS);
    if (!server.pid) throw new Error('the server has no process id');
    return await runLoader({
      url: playUrl(options.protocol, ports),
      viewers: options.viewers,
      rampMs: RAMP_MS,
      warmMs: options.warmMs,
      windowMs: options.windowMs,
      serverPid: server.pid,
    });
  } finally {
    if (publisher) await stop(publisher);
    await stop(server);
  }
}
