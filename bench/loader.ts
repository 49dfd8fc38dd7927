// Its own process: N viewers of one stream, one thread, loopback only. Prints one JSON object.
// usage: node bench/loader.ts '{"url": "http://127.0.0.1:8080/live/bench.flv", "viewers": 1000, …}'
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './clock.ts';
import { sampleProcesses } from './process-sample.ts';
import { RtmpScanner } from './rtmp-scanner.ts';
import { HttpScanner, type Scanner } from './scanners.ts';
import { quantile } from './statistics.ts';
import { ViewerStats, Window } from './viewer-stats.ts';

export interface LoadOptions {
  /** `http:`, `ws:` or `rtmp:`. */
  url: string;
  viewers: number;
  /** Over which they arrive, evenly. */
  rampMs: number;
  /** Between the last arrival and the window. */
  warmMs: number;
  windowMs: number;
  serverPid: number;
}

export interface LoadResult {
  live: number;
  dead: number;
  /** Why viewers died, with counts. */
  deaths: { [reason: string]: number };
  windowSeconds: number;
  gigabytes: number;
  cpuSeconds: number;
  cpuSecondsPerGb: number;
  loaderCpuSeconds: number;
  rssIdleBytes: number;
  rssPeakBytes: number;
  rssPerViewerBytes: number;
  processes: number;
  threads: number;
  readsPerViewerSecond: number;
  firstKeyP50Ms: number;
  firstKeyP99Ms: number;
  latencyP50Ms: number;
  latencyP99Ms: number;
  framesPerViewerMin: number;
  framesPerViewerMax: number;
  stalls: number;
  missing: number;
  duplicate: number;
  outOfOrder: number;
}

const READ_BYTES = 1024 * 1024;
const RSS_INTERVAL_MS = 500;

class Viewer {
  readonly stats: ViewerStats;
  readonly openedAtMs = monotonicMs();
  windowBytes = 0;
  windowReads = 0;
  death = '';
  private readonly socket: net.Socket;
  private readonly scanner: Scanner;

  constructor(url: URL, window: Window, readBuffer: Buffer) {
    this.stats = new ViewerStats(window);
    // One buffer for all: a read is taken in before the next one happens.
    const onread = { buffer: readBuffer, callback: (length: number) => this.take(readBuffer, length, window) };
    this.socket = net.connect({ host: '127.0.0.1', port: Number(url.port), noDelay: true, onread });
    const [, app = '', ...stream] = url.pathname.split('/');
    this.scanner =
      url.protocol === 'rtmp:'
        ? new RtmpScanner(
            this.stats,
            { app, stream: stream.join('/') + url.search, tcUrl: `rtmp://${url.host}/${app}` },
            (bytes) => this.socket.write(bytes),
          )
        : new HttpScanner(this.stats);
    this.socket.write(url.protocol === 'rtmp:' ? RtmpScanner.hello() : request(url));
    this.socket.on('error', (error) => this.die(error.message));
    this.socket.on('close', () => this.die('closed by the server'));
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private take(bytes: Buffer, length: number, window: Window): boolean {
    if (window.isOpen) {
      this.windowBytes += length;
      this.windowReads += 1;
    }
    try {
      this.scanner.feed(bytes, 0, length, monotonicMs());
    } catch (error) {
      this.die(error instanceof Error ? error.message : String(error));
    }
    return true;
  }

  private die(reason: string): void {
    if (!this.death) this.death = reason;
    this.socket.destroy();
  }
}

function request(url: URL): string {
  const head = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'User-Agent: kaibo-bench',
    'Accept: */*',
  ];
  if (url.protocol === 'ws:') {
    head.push(
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    );
  }
  return `${head.join('\r\n')}\r\n\r\n`;
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const url = new URL(options.url);
  if (url.hostname !== '127.0.0.1') throw new Error('the load generator speaks to 127.0.0.1 only');
  const window = new Window();
  const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const idle = sampleProcesses(options.serverPid);
  let rssPeakBytes = idle.rssBytes;
  const rssTimer = setInterval(() => {
    rssPeakBytes = Math.max(rssPeakBytes, sampleProcesses(options.serverPid).rssBytes);
  }, RSS_INTERVAL_MS);

  const viewers: Viewer[] = [];
  const startedAtMs = monotonicMs();
  while (viewers.length < options.viewers) {
    const due = Math.min(options.viewers, ((monotonicMs() - startedAtMs) / options.rampMs) * options.viewers + 1);
    while (viewers.length < Math.floor(due)) viewers.push(new Viewer(url, window, readBuffer));
    await sleep(1);
  }
  await sleep(options.warmMs);

  const before = sampleProcesses(options.serverPid);
  const loaderBefore = process.cpuUsage();
  const windowStartMs = monotonicMs();
  window.isOpen = true;
  await sleep(options.windowMs);
  window.isOpen = false;
  const windowEndMs = monotonicMs();
  const after = sampleProcesses(options.serverPid);
  const loaderCpu = process.cpuUsage(loaderBefore);
  clearInterval(rssTimer);

  for (const viewer of viewers) viewer.stats.endWindow(windowEndMs);
  const deaths: { [reason: string]: number } = {};
  for (const { death } of viewers) if (death) deaths[death] = (deaths[death] ?? 0) + 1;
  const sum = (pick: (viewer: Viewer) => number): number => viewers.reduce((total, viewer) => total + pick(viewer), 0);
  const firstKeys = viewers
    .filter((viewer) => viewer.stats.firstKeyMs >= 0)
    .map((viewer) => viewer.stats.firstKeyMs - viewer.openedAtMs);
  const frames = viewers.map((viewer) => viewer.stats.framesInWindow);
  const gigabytes = sum((viewer) => viewer.windowBytes) / 1e9;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const windowSeconds = (windowEndMs - windowStartMs) / 1000;
  const result: LoadResult = {
    live: viewers.filter((viewer) => !viewer.death && viewer.stats.frames > 0).length,
    dead: viewers.filter((viewer) => viewer.death).length,
    deaths,
    windowSeconds,
    gigabytes,
    cpuSeconds,
    cpuSecondsPerGb: cpuSeconds / gigabytes,
    loaderCpuSeconds: (loaderCpu.user + loaderCpu.system) / 1e6,
    rssIdleBytes: idle.rssBytes,
    rssPeakBytes,
    rssPerViewerBytes: (rssPeakBytes - idle.rssBytes) / options.viewers,
    processes: after.processes,
    threads: after.threads,
    readsPerViewerSecond: sum((viewer) => viewer.windowReads) / windowSeconds / options.viewers,
    firstKeyP50Ms: quantile(firstKeys, 0.5),
    firstKeyP99Ms: quantile(firstKeys, 0.99),
    latencyP50Ms: window.latencyMs(0.5),
    latencyP99Ms: window.latencyMs(0.99),
    framesPerViewerMin: Math.min(...frames),
    framesPerViewerMax: Math.max(...frames),
    stalls: sum((viewer) => viewer.stats.stalls),
    missing: sum((viewer) => viewer.stats.missing),
    duplicate: sum((viewer) => viewer.stats.duplicate),
    outOfOrder: sum((viewer) => viewer.stats.outOfOrder),
  };
  for (const viewer of viewers) viewer.close();
  return result;
}

const [options] = process.argv.slice(2);
if (!options) throw new Error('usage: loader.ts JSON');
const parsed: LoadOptions = JSON.parse(options);
process.stdout.write(`${JSON.stringify(await load(parsed))}\n`, () => process.exit(0));
