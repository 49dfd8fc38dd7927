import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { DEFAULT_MEDIA_OPTIONS, type MediaEvent, type MediaHooks, type MediaOptions, MediaServer } from '@kaibo/media';
import type { MediaPorts, StreamInfo } from '@kaibo/media';
import { pino } from 'pino';
import { until } from './until.ts';

// As the launcher does: what the workers load is compiled once for all tests.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/kaibo'));

/** What a test changes of the defaults: two workers, free ports, loopback, a short grace, no pictures made by ffmpeg. */
type LocalMediaOptions = Partial<Pick<MediaOptions, 'host' | 'graceMs' | 'tls' | 'gopCache'>> & {
  relay?: Partial<MediaOptions['relay']>;
  hls?: Partial<MediaOptions['hls']>;
  rtc?: Partial<MediaOptions['rtc']>;
  snapshot?: Partial<MediaOptions['snapshot']>;
  transcode?: Partial<MediaOptions['transcode']>;
  record?: Partial<MediaOptions['record']>;
  apiSecret?: string;
  proxies?: MediaOptions['rtmp']['proxies'];
  limits?: Partial<MediaOptions['limits']>;
  authorizePublish?: MediaHooks['authorizePublish'];
  authorizePlay?: MediaHooks['authorizePlay'];
  makeRoom?: MediaHooks['makeRoom'];
};

/** A real media server in this process, its workers on threads. Ends with the `await using` block or by `stop`. */
export class LocalMediaServer {
  readonly server: MediaServer;
  readonly ports: MediaPorts;
  /** What the hooks were told, in order. */
  readonly events: readonly MediaEvent[];
  /** Log lines of level error: a test that sees one has found a fault of the server. */
  readonly errors: readonly string[];

  private constructor(parts: { server: MediaServer; ports: MediaPorts; events: MediaEvent[]; errors: string[] }) {
    this.server = parts.server;
    this.ports = parts.ports;
    this.events = parts.events;
    this.errors = parts.errors;
  }

  static async start({
    relay,
    hls,
    rtc,
    snapshot,
    transcode,
    record,
    apiSecret,
    proxies = [],
    limits,
    authorizePublish,
    authorizePlay,
    makeRoom,
    ...rest
  }: LocalMediaOptions = {}): Promise<LocalMediaServer> {
    const events: MediaEvent[] = [];
    const errors: string[] = [];
    const free = { port: 0 };
    const server = new MediaServer({
      options: {
        ...DEFAULT_MEDIA_OPTIONS,
        ...{ host: '127.0.0.1', rtmp: { ...free, proxies }, http: free, rtmps: free, https: free },
        api: { ...free, secret: apiSecret },
        rtc: { ...DEFAULT_MEDIA_OPTIONS.rtc, port: 0, ...rtc },
        ...{ workers: 2, graceMs: 1500 },
        ...rest,
        relay: { ...DEFAULT_MEDIA_OPTIONS.relay, ...relay },
        hls: { ...DEFAULT_MEDIA_OPTIONS.hls, ...hls },
        snapshot: { ...DEFAULT_MEDIA_OPTIONS.snapshot, enabled: false, ...snapshot },
        transcode: { ...DEFAULT_MEDIA_OPTIONS.transcode, ...transcode },
        record: { ...DEFAULT_MEDIA_OPTIONS.record, minFreeBytes: 0, ...record },
        limits: { ...DEFAULT_MEDIA_OPTIONS.limits, ...limits },
      },
      hooks: {
        authorizePublish:
          authorizePublish ?? ((client) => Promise.resolve({ action: 'publish', credential: client.param })),
        authorizePlay: authorizePlay ?? (() => Promise.resolve({ action: 'play' })),
        makeRoom,
        notify: (event) => events.push(event),
      },
      logger: pino({ level: 'error' }, { write: (line: string) => errors.push(line) }),
    });
    return new LocalMediaServer({ server, ports: await server.start(), events, errors });
  }

  rtmpUrl(name: string): string {
    return `rtmp://127.0.0.1:${this.ports.rtmp}/live/${name}`;
  }

  flvUrl(name: string): string {
    return `http://127.0.0.1:${this.ports.http}/live/${name}.flv`;
  }

  stream(name: string): StreamInfo | undefined {
    return this.server.streams().find(({ stream }) => stream === name);
  }

  /** Waits until the stream has this many viewers, waiting ones included. */
  async hasViewers(name: string, viewers: number): Promise<void> {
    const what = `${viewers} viewers of ${name}`;
    await until(() => this.stream(name)?.viewers === viewers, { timeoutMs: 20_000, what });
  }

  async isState(name: string, state: StreamInfo['state'] | 'gone', timeoutMs = 20_000): Promise<void> {
    await until(() => (this.stream(name)?.state ?? 'gone') === state, { timeoutMs, what: `${name} ${state}` });
  }

  /** Throws when the server logged a fault of its own. */
  async stop(): Promise<void> {
    await this.server.stop();
    if (this.errors.length > 0) throw new Error(`the media server logged errors:\n${this.errors.join('')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
