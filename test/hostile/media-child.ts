// A media server in its own process, so that its memory and handles can be counted. Options come as JSON in argv.
import type { Worker } from 'node:worker_threads';
import { DEFAULT_MEDIA_OPTIONS, type Denial, type MediaHooks, type MediaLimits, MediaServer } from '@kaibo/media';
import { pino } from 'pino';

const limits = JSON.parse(process.argv[2] ?? '{}') as Partial<MediaLimits>;
const denial = (status: 403 | 404): Denial => ({
  action: 'deny',
  status,
  code: `test_${status}`,
  message: 'Not this one.',
});

const hooks: MediaHooks = {
  authorizePublish: ({ stream, param }) =>
    Promise.resolve(stream.startsWith('forbidden') ? denial(403) : { action: 'publish', credential: param }),
  authorizePlay: ({ stream }) => Promise.resolve(stream.startsWith('unknown') ? denial(404) : { action: 'play' }),
  notify: () => undefined,
};

const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

const port = { port: 0 };
const server = new MediaServer({
  options: {
    ...DEFAULT_MEDIA_OPTIONS,
    host: '127.0.0.1',
    rtmp: { ...DEFAULT_MEDIA_OPTIONS.rtmp, ...port },
    http: port,
    api: port,
    rtc: { ...DEFAULT_MEDIA_OPTIONS.rtc, ...port },
    workers: 2,
    limits: { ...DEFAULT_MEDIA_OPTIONS.limits, ...limits },
  },
  hooks,
  logger: pino({ level: 'error' }, pino.destination(2)),
});
const ports = await server.start();
process.stdout.write(`ready ${JSON.stringify(ports)}\n`);
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));

/** Bytes that the threads' heaps really hold: taking a snapshot collects the garbage first. */
async function liveHeapBytes(): Promise<number> {
  let bytes = 0;
  for (const worker of workers) {
    for await (const _piece of await worker.getHeapSnapshot()) void _piece;
    bytes += (await worker.getHeapStatistics()).used_heap_size;
  }
  return bytes;
}

// Any line on stdin asks.
process.stdin.on('data', () => void liveHeapBytes().then((bytes) => process.stdout.write(`heap ${bytes}.\n`)));
