import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RealtimeService } from './service.ts';

/** Counted as it happens, whether or not anybody reads it. */
export class RealtimeMetrics {
  readonly latency = new Histogram({
    name: 'kaibo_realtime_message_latency_seconds',
    help: 'From when an event happened to when this node wrote it to those who listen, once for each event and channel',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [],
  });

  /** Clocks of nodes differ: an event of the future is of now. */
  readonly delivered = (ageMs: number): void => this.latency.observe(Math.max(0, ageMs) / 1000);
}

/** Who is connected to channels, and why the server ended connections; read at each scrape. */
export function measureRealtime(registry: Registry, service: RealtimeService): void {
  registry.registerMetric(service.metrics.latency);
  const registers = [registry];
  new Gauge({
    name: 'kaibo_realtime_merge_window_seconds',
    help: 'How long events of the busiest channel wait for others, to go out in one write',
    registers,
    collect() {
      this.set(service.channels.widestWindowMs / 1000);
    },
  });
  new Gauge({
    name: 'kaibo_realtime_clients',
    help: 'Clients of channels, by transport',
    labelNames: ['transport'],
    registers,
    collect() {
      this.set({ transport: 'websocket' }, service.roster.count('realtime'));
      this.set({ transport: 'sse' }, service.roster.count('sse'));
      this.set({ transport: 'poll' }, service.roster.count('poll'));
    },
  });
  new Gauge({
    name: 'kaibo_realtime_subscriptions',
    help: 'Subscriptions to channels, over all transports',
    registers,
    collect() {
      this.set(service.channels.subscriptions);
    },
  });
  new Counter({
    name: 'kaibo_realtime_frames_total',
    help: 'Writes of frames to sockets; merged ones count once',
    registers,
    collect() {
      this.reset();
      this.inc(service.traffic.frames);
    },
  });
  new Counter({
    name: 'kaibo_realtime_cuts_total',
    help: 'Connections that the server ended, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of service.traffic.cuts) this.inc({ reason }, count);
    },
  });
}
