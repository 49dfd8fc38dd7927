import { FFMPEG_KINDS, type MediaServer, type ThreadBook } from '@kaibo/media';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SIDES = ['publisher', 'viewer', 'node'] as const;
const PROTOCOLS = ['rtmp', 'rtmps', 'http-flv', 'ws-flv', 'hls', 'webrtc', 'relay', 'node', 'transcode'] as const;
type TotalName = Parameters<ThreadBook['total']>[0];

/** What the media server in this process does: counted by its threads, told with their reports, shown at each scrape. */
export class EmbeddedMetrics {
  #server: MediaServer | undefined;
  readonly #delay = new Histogram({
    name: 'kaibo_media_event_loop_delay_seconds',
    help: 'How late a media thread, or the RTC process, was at most; an observation a second',
    labelNames: ['thread'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [],
  });

  /** Once for each server that was started. */
  follow(server: MediaServer): void {
    this.#server = server;
    server.threads.listen((thread, { loopDelayMs }) => this.#delay.observe({ thread }, loopDelayMs / 1000));
  }

  show(registry: Registry): void {
    const server = (): MediaServer | undefined => this.#server;
    registry.registerMetric(this.#delay);
    gauge('kaibo_media_connections', 'Media connections, by side and protocol', ['side', 'protocol'], (own) => {
      for (const side of SIDES) {
        for (const protocol of PROTOCOLS) if (mayBe(side, protocol)) own.set({ side, protocol }, 0);
      }
      for (const { side, protocol, count } of server()?.connections() ?? []) own.set({ side, protocol }, count);
    });
    gauge('kaibo_media_workers', 'Media threads, by state: up or down', ['state'], (own) => {
      const { workers, workersUp } = server()?.health() ?? { workers: 0, workersUp: 0 };
      own.set({ state: 'up' }, workersUp);
      own.set({ state: 'down' }, workers - workersUp);
    });
    gauge('kaibo_media_thread_heap_bytes', 'JavaScript objects of a media thread', ['thread'], (own) => {
      for (const [thread, bytes] of server()?.threads.heapBytes ?? []) own.set({ thread }, bytes);
    });
    gauge('kaibo_media_recording_bytes', 'Written so far of recordings that are running', [], (own) =>
      own.set(
        {},
        (server()?.recordings() ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      ),
    );
    counter('kaibo_media_received_bytes_total', 'Media from publishers', 'recvBytes');
    counter('kaibo_media_sent_bytes_total', 'Media to viewers, those of HLS and WebRTC too', 'sentBytes');
    counter('kaibo_media_fanout_windows_total', 'Times that media was written to all viewers of a stream', 'windows');
    counter(
      'kaibo_media_fanout_window_seconds_total',
      'How long the first packet of each such write waited for others, in all',
      'windowMs',
      1000,
    );
    counter('kaibo_media_viewer_skips_total', 'Slow viewers that had to wait for the next key frame', 'skips');
    counter('kaibo_media_slow_viewers_cut_total', 'Slow viewers that were closed', 'cuts');
    gauge('kaibo_ffmpeg_jobs', 'ffmpegs that run, by what for', ['kind'], (own) => {
      const running = server()?.threads.ffmpeg;
      for (const kind of FFMPEG_KINDS) own.set({ kind }, running?.[kind] ?? 0);
    });
    for (const what of ['started', 'failed'] as const)
      new Counter({
        name: `kaibo_ffmpeg_jobs_${what}_total`,
        help: `ffmpegs that were ${what === 'started' ? 'started' : 'started and failed'}, by what for`,
        labelNames: ['kind'],
        registers: [registry],
        collect() {
          this.reset();
          for (const kind of FFMPEG_KINDS) this.inc({ kind }, server()?.threads.total(`${what}.${kind}`) ?? 0);
        },
      });

    function gauge(name: string, help: string, labelNames: string[], set: (own: Gauge) => void): void {
      new Gauge({
        ...{ name, help, labelNames, registers: [registry] },
        collect() {
          this.reset();
          set(this);
        },
      });
    }

    function counter(name: string, help: string, total: TotalName, per = 1): void {
      new Counter({
        ...{ name, help, registers: [registry] },
        collect() {
          this.reset();
          this.inc((server()?.threads.total(total) ?? 0) / per);
        },
      });
    }
  }
}

/** Which pairs are at 0 when there is none, so that they are there from the start. */
function mayBe(side: (typeof SIDES)[number], protocol: (typeof PROTOCOLS)[number]): boolean {
  if (side === 'publisher') return protocol !== 'hls';
  return side === 'viewer' && protocol !== 'relay' && protocol !== 'node' && protocol !== 'transcode';
}
